"""`mlctl workflow show --format html`: one page that holds what the run did and nothing a step could smuggle in."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from click.testing import CliRunner

from mlctl.cli.workflow import workflow as command
from mlctl.workflow.engine.node import Phase
from mlctl.workflow.engine.session import Options
from mlctl.workflow.engine.watch import Silent
from mlctl.workflow.local import Start, start_run
from mlctl.workflow.view.history import read_run
from mlctl.workflow.view.page import as_html

EVIL = "<script>alert(1)</script>\"'&"
MANIFEST = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: drawn-}
spec:
  entrypoint: main
  arguments: {parameters: [{name: word, value: plain}]}
  templates:
    - name: main
      dag:
        failFast: false
        tasks:
          - {name: make, template: make}
          - {name: loop, template: say, depends: make, withItems: [1, 2, 3]}
          - {name: never, template: say, depends: make, when: "1 == 2"}
          - {name: bad, template: bad, depends: loop && make}
    - name: make
      outputs: {artifacts: [{name: data, path: /tmp/data}]}
      container:
        image: i
        command: [sh, -c, 'mkdir /tmp/data; printf 0123456789 > /tmp/data/a; echo "$W"']
        env: [{name: W, value: "{{workflow.parameters.word}}"}]
    - name: say
      container: {image: i, command: [echo, hello]}
    - name: bad
      container:
        image: i
        command: [sh, -c, 'seq -f "line %.0f of many" 0 899; echo "$W" >&2; printf "\\033[31m" >&2; exit 3']
        env: [{name: W, value: "{{workflow.parameters.word}}"}]
"""


class Page(HTMLParser):
    """Every tag, attribute and text of a page; complains of tags that are not closed in order."""

    VOID = ("meta", "path", "rect")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def links(self) -> list[str]:
        return [str(attributes["href"]) for tag, attributes in self.tags if tag == "a"]


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, str]:
    """The folder of runs, and the name of one that failed and was given hostile words."""
    file = tmp_path / "drawn.yaml"
    file.write_text(MANIFEST)
    runs = tmp_path / "all runs & more"
    ended = start_run(runs, Start(file=file, parameters={"word": EVIL}), Silent(), Options(project=tmp_path, jobs=2))
    assert ended.result.phase is Phase.FAILED
    return runs, ended.result.run


def test_what_a_step_or_a_person_wrote_is_text_and_never_markup(run: tuple[Path, str]) -> None:
    text = as_html(read_run(*run))
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert sum(EVIL in said for said in page.texts) >= 3, "the parameter, standard output, standard error"
    assert "\033" not in text


def test_the_page_needs_nothing_from_elsewhere(run: tuple[Path, str]) -> None:
    page = Page(as_html(read_run(*run)))
    assert not [attributes for _, attributes in page.tags if "src" in attributes]
    assert {tag for tag, _ in page.tags} & {"link", "img", "iframe", "object"} == set()
    assert {urlparse(link).scheme for link in page.links} == {"file"}


def test_links_lead_to_the_logs_and_artefacts(run: tuple[Path, str]) -> None:
    page = Page(as_html(read_run(*run)))
    paths = [Path(unquote(urlparse(link).path)) for link in page.links]
    assert [path for path in paths if not path.exists()] == []
    assert {"stdout.log", "stderr.log", "data"} <= {path.name for path in paths}
    assert "0 KiB, 1 files" in page.texts


def test_failures_come_first_with_the_end_of_their_logs(run: tuple[Path, str]) -> None:
    text = as_html(read_run(*run))
    failed = text[text.index("What failed") : text.index("What waited for what")]
    assert "line 899 of many" in failed
    assert "line 1 of many" not in failed
    assert "the end of it" in failed
    assert "exit code 3" in failed


def test_the_picture_has_a_box_per_task_and_a_line_per_wait(run: tuple[Path, str]) -> None:
    text = as_html(read_run(*run))
    boxes = re.findall(r'<g class="box (\w+)"><title>([\w-]+):', text)
    assert sorted(boxes) == [("Failed", "bad"), ("Skipped", "never"), ("Succeeded", "loop"), ("Succeeded", "make")]
    assert text.count('<path class="line"') == 3, "make to loop and never, loop to bad; make to bad follows"
    assert "3 items" in text


def test_the_table_has_every_node(run: tuple[Path, str]) -> None:
    rows = re.findall(r'<tr id="n\d+"', as_html(read_run(*run)))
    assert len(rows) == 1 + 4 + 3, "the DAG, its tasks, the items of the loop"


def test_the_command_writes_the_page_where_it_is_told(run: tuple[Path, str], tmp_path: Path) -> None:
    runs, name = run
    given = ["show", name, "--runs-dir", str(runs), "--format", "html"]
    printed = CliRunner().invoke(command, given)
    written = CliRunner().invoke(command, [*given, "--out", str(tmp_path / "run.html")])
    assert (printed.exit_code, written.exit_code, written.output) == (0, 0, "")
    assert (tmp_path / "run.html").read_text() == printed.output
    assert printed.output.startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_is_an_error_of_ours(run: tuple[Path, str], tmp_path: Path) -> None:
    from mlctl.errors import InputError

    runs, name = run
    result = CliRunner().invoke(command, ["show", name, "--runs-dir", str(runs), "--format", "html", "--out", str(tmp_path / "no" / "x")])
    assert isinstance(result.exception, InputError)
    assert result.exception.key == "--out"


def test_a_wide_loop_of_steps_is_one_box(tmp_path: Path) -> None:
    file = tmp_path / "wide.yaml"
    head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: wide-}\n"
    steps = "[[{name: first, template: say}], [{name: many, template: say, withSequence: {count: 40}}]]"
    templates = f"[{{name: main, steps: {steps}}}, {{name: say, container: {{image: i, command: ['true']}}}}]"
    file.write_text(f"{head}spec: {{entrypoint: main, templates: {templates}}}\n")
    ended = start_run(tmp_path / "runs", Start(file=file), Silent(), Options(project=tmp_path, jobs=2))
    text = as_html(read_run(tmp_path / "runs", ended.result.run))
    assert re.findall(r'<g class="box \w+"><title>(.*?):', text) == ["first", "many"]
    assert "40 items" in text
