"""Killed with -9 at moments nobody chose, once or several times, a run that is resumed gives what it would have given."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlctl.errors import InputError
from mlctl.workflow.engine.node import Node, NodeKind, Phase
from mlctl.workflow.engine.session import Options
from mlctl.workflow.engine.watch import Silent
from mlctl.workflow.local import Ended, Start, resume_run, start_run

ROOT = Path(__file__).parents[3]
MANIFEST = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: killed-}
spec:
  entrypoint: main
  onExit: bye
  templates:
    - name: main
      dag:
        tasks:
          - {name: list, template: list}
          - name: each
            template: square
            depends: list
            withParam: "{{tasks.list.outputs.result}}"
            arguments: {parameters: [{name: number, value: "{{item}}"}]}
          - {name: flaky, template: flaky, depends: list}
          - name: inner
            template: inner
            depends: each && flaky
            arguments: {parameters: [{name: squares, value: "{{tasks.each.outputs.result}}"}]}
          - {name: never, template: list, depends: inner.Failed}
      outputs:
        parameters:
          - {name: sum, valueFrom: {parameter: "{{tasks.inner.outputs.parameters.sum}}"}}
          - {name: tries, valueFrom: {parameter: "{{tasks.flaky.outputs.result}}"}}
    - name: inner
      inputs: {parameters: [{name: squares}]}
      steps:
        - - {name: write, template: write, arguments: {parameters: [{name: text, value: "{{inputs.parameters.squares}}"}]}}
        - - {name: sum, template: sum, arguments: {artifacts: [{name: data, from: "{{steps.write.outputs.artifacts.data}}"}]}}
      outputs: {parameters: [{name: sum, valueFrom: {parameter: "{{steps.sum.outputs.result}}"}}]}
    - {name: list, container: {image: i, command: [echo, "[1, 2, 3, 4]"]}}
    - name: square
      inputs: {parameters: [{name: number}]}
      container:
        image: i
        command: [sh, -c, "sleep 0.0{{inputs.parameters.number}}; echo $(({{inputs.parameters.number}} * {{inputs.parameters.number}}))"]
    - name: flaky
      retryStrategy: {limit: 3}
      container: {image: i, command: [sh, -c, "echo try {{retries}}; test {{retries}} = 2"]}
    - name: write
      inputs: {parameters: [{name: text}]}
      outputs: {artifacts: [{name: data, path: /tmp/data}]}
      script:
        image: i
        command: [sh]
        source: "mkdir /tmp/data; echo '{{inputs.parameters.text}}' > /tmp/data/list; sleep 0.05; echo whole > /tmp/data/end"
    - name: sum
      inputs: {artifacts: [{name: data, path: /tmp/in}]}
      script:
        image: i
        command: [sh, -e]
        source: "test $(cat /tmp/in/end) = whole; tr -d '[] ' < /tmp/in/list | tr , + | xargs -I X sh -c 'echo $((X))'"
    - {name: bye, container: {image: i, command: [echo, "{{workflow.status}}"]}}
"""
PROGRAM = """
import sys
from pathlib import Path
from mlctl.workflow.engine.session import Options
from mlctl.workflow.engine.watch import Silent
from mlctl.workflow.local import Start, resume_run, start_run
runs, what = Path(sys.argv[1]), sys.argv[2]
options = Options(project=Path("."), jobs=2)
if what.endswith(".yaml"):
    start_run(runs, Start(file=Path(what)), Silent(), options)
else:
    resume_run(runs, what, Silent(), options)
"""
WHOLE = {"sum": "30", "tries": "try 2"}


def _start(runs: Path, what: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(runs), what], env={**os.environ, "PYTHONPATH": str(ROOT)})


def _records(runs: Path) -> int:
    return sum(journal.read_bytes().count(b"\n") for journal in runs.glob("*/journal.jsonl"))


def _nodes(nodes: list[Node]) -> list[Node]:
    return [found for node in nodes for found in (node, *_nodes(node.children))]


def _picture(ended: Ended) -> dict[str, tuple[str, str | None]]:
    """What every step came to; groups are told by their steps."""
    return {
        node.name.replace(ended.result.run, "main"): (str(node.phase), node.outputs.result)
        for node in _nodes(ended.result.roots)
        if node.kind is NodeKind.POD
    }


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("manifest") / "killed.yaml"
    file.write_text(MANIFEST)
    return file


@pytest.fixture(scope="module")
def undisturbed(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, int]:
    """How it ends when nobody kills it, and how many records its journal has."""
    runs = tmp_path_factory.mktemp("undisturbed")
    ended = start_run(runs, Start(file=manifest), Silent(), Options(project=ROOT, jobs=2))
    assert (ended.result.phase, ended.as_json()["outputs"]) == (Phase.SUCCEEDED, WHOLE)
    return ended, _records(runs)


@pytest.mark.parametrize("seed", range(8))
def test_killed_anywhere_it_ends_the_same(seed: int, manifest: Path, undisturbed: tuple[Ended, int], tmp_path: Path) -> None:
    whole, length = undisturbed
    draw = random.Random(seed)
    what, runs = str(manifest), tmp_path / "runs"
    for _ in range(draw.randint(1, 3)):
        limit = draw.randint(2, length - 2)
        process = _start(runs, what)
        while process.poll() is None and _records(runs) < limit:
            time.sleep(0.001)
        time.sleep(draw.random() * 0.02)
        process.kill()
        process.wait()
        found = list(runs.glob("killed-*/journal.jsonl"))
        if not found:
            continue
        [journal] = found
        what = journal.parent.name
        if b'"event":"done"' in journal.read_bytes():
            break
    if what == str(manifest) or b'"event":"done"' not in (runs / what / "journal.jsonl").read_bytes():
        options = Options(project=ROOT, jobs=2)
        ended = (
            resume_run(runs, what, Silent(), options) if what != str(manifest) else start_run(runs, Start(file=manifest), Silent(), options)
        )
        assert ended.result.phase is Phase.SUCCEEDED, ended.summary()
        assert ended.as_json()["outputs"] == WHOLE
        assert _picture(ended) == _picture(whole)


def test_killed_as_it_begins_it_can_be_resumed_or_says_that_it_cannot(manifest: Path, tmp_path: Path) -> None:
    for wait in (0.0, 0.001, 0.003, 0.01):
        process = _start(tmp_path, str(manifest))
        while process.poll() is None and not list(tmp_path.glob("killed-*")):
            time.sleep(0.0005)
        time.sleep(wait)
        process.kill()
        process.wait()
        [folder] = tmp_path.glob("killed-*")
        try:
            ended = resume_run(tmp_path, folder.name, Silent(), Options(project=ROOT, jobs=2))
            assert ended.as_json()["outputs"] == WHOLE
        except InputError as error:
            assert "run" in error.problem
        folder.rename(tmp_path / f"done-{wait}")


DAEMON = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: daemon-}
spec:
  entrypoint: main
  templates:
    - name: main
      container:
        image: i
        command: [sh, -c, "setsid sleep 600 > /dev/null 2>&1 & echo $! > /tmp/silent; setsid sleep 600 & echo $!"]
      outputs:
        parameters: [{name: silent, valueFrom: {path: /tmp/silent}}]
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc")
def test_what_leaves_the_process_group_is_ended_with_the_run(tmp_path: Path) -> None:
    """A pod ends with its main process; so does a step, whatever it has started."""
    file = tmp_path / "daemon.yaml"
    file.write_text(DAEMON)
    ended = start_run(tmp_path / "runs", Start(file=file), Silent(), Options(project=tmp_path))
    outputs = ended.result.roots[0].outputs
    for pid in (outputs.result, outputs.parameters["silent"]):
        while runs(str(pid)):
            time.sleep(0.01)


def runs(pid: str) -> bool:
    """Whether a process is there, and is more than a name that nobody has asked after."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
