"""A disk that is full in the middle of a run."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from mlctl.errors import ServiceError
from mlctl.workflow.engine.journal import Journal, Record
from mlctl.workflow.engine.node import Phase
from mlctl.workflow.engine.session import Options
from mlctl.workflow.engine.watch import Silent
from mlctl.workflow.local import Start, resume_run, start_run

FILE = Path(__file__).parents[1] / "manifests/accepted/steps_run_one_after_another.yaml"


def test_a_full_disk_stops_the_run_which_can_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add = Journal.add

    def full(journal: Journal, record: Record, *, durable: bool = False) -> None:
        if record["event"] == "end" and record["name"].endswith(".second"):
            raise OSError(errno.ENOSPC, "No space left on device")
        add(journal, record, durable=durable)

    monkeypatch.setattr(Journal, "add", full)
    runs = tmp_path / "runs"
    with pytest.raises(ServiceError) as caught:
        start_run(runs, Start(file=FILE), Silent(), Options(project=tmp_path))
    run = next(runs.glob("*/journal.jsonl")).parent.name
    assert "No space left on device" in str(caught.value)
    assert f"--resume {run}" in str(caught.value)
    monkeypatch.undo()
    assert resume_run(runs, run, Silent(), Options(project=tmp_path)).result.phase is Phase.SUCCEEDED


def test_a_real_full_device_is_noticed_where_there_is_one(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    file = tmp_path / "chatty.yaml"
    file.write_text(FILE.read_text())
    link = tmp_path / "journal.jsonl"
    link.symlink_to("/dev/full")
    journal = Journal.__new__(Journal)
    vars(journal)["_stream"] = link.open("ab", buffering=0)
    with pytest.raises(OSError, match="No space left"):
        journal.add({"event": "x"})


FOLDER = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: folder-}
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - {name: make, template: make}
        - - name: use
            template: use
            arguments: {artifacts: [{name: data, from: "{{steps.make.outputs.artifacts.data}}"}]}
    - name: make
      container:
        image: i
        command: [sh, -c, "mkdir -p /tmp/data/inner; echo a > /tmp/data/a; echo b > /tmp/data/inner/b; ln -s a /tmp/data/link"]
      outputs: {artifacts: [{name: data, path: /tmp/data}]}
    - name: use
      inputs: {artifacts: [{name: data, path: /tmp/in}]}
      container: {image: i, command: [sh, -c, "cat /tmp/in/link /tmp/in/inner/b"]}
"""


def test_a_disk_that_is_full_while_an_artefact_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "folder.yaml"
    file.write_text(FOLDER)

    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(shutil, "copy2", full)
    runs = tmp_path / "runs"
    with pytest.raises(ServiceError) as caught:
        start_run(runs, Start(file=file), Silent(), Options(project=tmp_path))
    run = next(runs.glob("*/journal.jsonl")).parent.name
    assert caught.value.problem == f"run `{run}` stopped: No space left on device"
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    ended = resume_run(runs, run, Silent(), Options(project=tmp_path))
    assert ended.result.phase is Phase.SUCCEEDED
    assert ended.result.roots[0].children[1].children[0].outputs.result == "a\nb"
