"""A run that is stopped at any moment goes on from its last finished step and gives the same result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlctl.errors import InputError
from mlctl.workflow.engine.journal import read_journal
from mlctl.workflow.engine.node import Phase
from mlctl.workflow.engine.session import Options
from mlctl.workflow.engine.watch import Silent
from mlctl.workflow.local import Start, resume_run, start_run

CHAIN = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: chain-}
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - {name: first, template: note, arguments: {parameters: [{name: number, value: one}]}}
        - - name: hold
            template: hold
        - - {name: last, template: note, arguments: {parameters: [{name: number, value: "{{steps.first.outputs.result}}-two"}]}}
      outputs:
        parameters:
          - {name: all, valueFrom: {parameter: "{{steps.last.outputs.result}}"}}
    - name: note
      inputs: {parameters: [{name: number}]}
      container: {image: i, command: [sh, -c, "echo {{inputs.parameters.number}} | tee -a $LOG"]}
    - name: hold
      container: {image: i, command: [sh, -c, "echo hold >> $LOG; while [ ! -e $GATE ]; do sleep 0.05; done"]}
"""
RUNNER = """
import sys
from pathlib import Path
from mlctl.workflow.engine.session import Options
from mlctl.workflow.engine.watch import Silent
from mlctl.workflow.local import Start, start_run
start_run(Path(sys.argv[1]), Start(file=Path(sys.argv[2])), Silent(), Options(project=Path(".")))
"""


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("GATE", str(tmp_path / "gate"))
    file = tmp_path / "chain.yaml"
    file.write_text(CHAIN)
    return file


def start_and_wait_for(text: str, chain: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A runner in a process of its own, once the steps have written `text`; and the name of its run."""
    root = Path(__file__).parents[3]
    env = {**os.environ, "PYTHONPATH": str(root)}
    runs = chain.parent / "runs"
    process = subprocess.Popen([sys.executable, "-c", RUNNER, str(runs), str(chain)], env=env)
    log = chain.parent / "log"
    while not (log.exists() and text in log.read_text()):
        assert process.poll() is None, "the runner ended before the step ran"
        time.sleep(0.02)
    return process, next(runs.glob("chain-*")).name


def processes_of(run: Path) -> list[int]:
    mark = f"MLCTL_RUN={run.resolve()}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")
def test_after_kill_9_only_the_unfinished_is_done_again(chain: Path) -> None:
    process, run = start_and_wait_for("hold", chain)
    process.kill()
    process.wait()
    (chain.parent / "gate").touch()
    ended = resume_run(chain.parent / "runs", run, Silent(), Options(project=chain.parent))
    assert ended.result.phase is Phase.SUCCEEDED
    assert ended.as_json()["outputs"] == {"all": "one-two"}
    assert (chain.parent / "log").read_text().split() == ["one", "hold", "hold", "one-two"]
    assert processes_of(chain.parent / "runs" / run) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")
def test_what_a_killed_runner_leaves_behind_is_ended_on_resume(chain: Path) -> None:
    process, run = start_and_wait_for("hold", chain)
    folder = (chain.parent / "runs" / run).resolve()
    stray = subprocess.Popen(["sleep", "600"], env={**os.environ, "MLCTL_RUN": str(folder)})
    process.kill()
    process.wait()
    (chain.parent / "gate").touch()
    resume_run(chain.parent / "runs", run, Silent(), Options(project=chain.parent))
    assert stray.wait(timeout=30) == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_steps_and_the_run_can_go_on(chain: Path, number: signal.Signals) -> None:
    process, run = start_and_wait_for("hold", chain)
    process.send_signal(number)
    assert process.wait(timeout=60) == 0
    events = [record["event"] for record in read_journal(chain.parent / "runs" / run / "journal.jsonl")]
    assert "done" not in events
    (chain.parent / "gate").touch()
    ended = resume_run(chain.parent / "runs", run, Silent(), Options(project=chain.parent))
    assert ended.as_json()["outputs"] == {"all": "one-two"}


def test_a_run_that_is_running_is_not_resumed(chain: Path) -> None:
    process, run = start_and_wait_for("hold", chain)
    try:
        with pytest.raises(InputError, match=f"is running in process {process.pid}"):
            resume_run(chain.parent / "runs", run, Silent(), Options(project=chain.parent))
    finally:
        process.terminate()
        process.wait()


def test_every_torn_journal_gives_the_same_result(chain: Path) -> None:
    (chain.parent / "gate").touch()
    runs = chain.parent / "runs"
    whole = start_run(runs, Start(file=chain), Silent(), Options(project=chain.parent))
    journal = whole.result.folder / "journal.jsonl"
    full = journal.read_bytes()
    first_line = full.index(b"\n") + 1
    done = full.rindex(b'{"event":"done"')
    for cut in range(first_line, done, 97):
        journal.write_bytes(full[:cut])
        ended = resume_run(runs, whole.result.run, Silent(), Options(project=chain.parent))
        assert ended.result.phase is Phase.SUCCEEDED
        assert ended.as_json()["outputs"] == {"all": "one-two"}


def test_a_failed_run_tries_what_failed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE", str(tmp_path / "gate"))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    file = tmp_path / "two.yaml"
    steps = '"[ -e $GATE ]"', '"echo ran >> $LOG"'
    file.write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: two-}\nspec:\n  entrypoint: main\n"
        "  templates:\n    - name: main\n      dag:\n        tasks: [{name: a, template: a}, {name: b, template: b}]\n"
        f"    - {{name: a, container: {{image: i, command: [sh, -c, {steps[0]}]}}}}\n"
        f"    - {{name: b, container: {{image: i, command: [sh, -c, {steps[1]}]}}}}\n"
    )
    first = start_run(tmp_path / "runs", Start(file=file), Silent(), Options(project=tmp_path))
    assert (first.result.phase, first.exit_status) == (Phase.FAILED, 1)
    (tmp_path / "gate").touch()
    second = resume_run(tmp_path / "runs", first.result.run, Silent(), Options(project=tmp_path))
    assert (second.result.phase, second.exit_status) == (Phase.SUCCEEDED, 0)
    assert (tmp_path / "log").read_text() == "ran\n"
    with pytest.raises(InputError, match="has succeeded"):
        resume_run(tmp_path / "runs", first.result.run, Silent(), Options(project=tmp_path))


def test_a_suspended_run_goes_on_with_yes(tmp_path: Path) -> None:
    file = Path(__file__).parent / "manifests/accepted/suspend_waits_for_a_person.yaml"
    first = start_run(tmp_path / "runs", Start(file=file), Silent(), Options(project=tmp_path))
    assert first.result.waiting_for == ("approve",)
    assert "--yes" in first.summary()
    second = resume_run(tmp_path / "runs", first.result.run, Silent(), Options(project=tmp_path, approve=True))
    assert second.result.phase is Phase.SUCCEEDED


def test_a_manifest_changed_after_the_start_does_not_change_the_run(chain: Path) -> None:
    process, run = start_and_wait_for("hold", chain)
    process.kill()
    process.wait()
    chain.write_text("not: a workflow any more")
    (chain.parent / "gate").touch()
    assert resume_run(chain.parent / "runs", run, Silent(), Options(project=chain.parent)).exit_status == 0


def test_a_run_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no run `nope-123456`"):
        resume_run(tmp_path, "nope-123456", Silent(), Options(project=tmp_path))


def test_the_journal_is_lines_of_json(chain: Path) -> None:
    (chain.parent / "gate").touch()
    ended = start_run(chain.parent / "runs", Start(file=chain), Silent(), Options(project=chain.parent))
    lines = (ended.result.folder / "journal.jsonl").read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert events[0] == "run"
    assert events[-1] == "done"
    assert events.count("end") == events.count("node") == 7


def test_a_stopped_step_may_tidy_up(chain: Path) -> None:
    tidy = chain.parent / "tidied"
    text = chain.read_text().replace("echo hold >> $LOG;", f"trap 'sleep 0.3; touch {tidy}; exit' TERM; echo hold >> $LOG;")
    chain.write_text(text)
    process, _ = start_and_wait_for("hold", chain)
    process.send_signal(signal.SIGTERM)
    process.wait()
    assert tidy.exists()
