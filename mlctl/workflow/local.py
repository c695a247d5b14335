"""Starts and resumes runs: what the command line, and other programs, call."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlctl.errors import InputError
from mlctl.workflow.catalog import load_catalog
from mlctl.workflow.engine.arguments import check_given
from mlctl.workflow.engine.node import Phase
from mlctl.workflow.engine.run import Result, run_workflow
from mlctl.workflow.engine.run_folder import RunFolder
from mlctl.workflow.engine.session import Options
from mlctl.workflow.engine.watch import Watcher
from mlctl.workflow.validation.check import check


@dataclass(frozen=True, kw_only=True)
class Start:
    """What to run, and with what."""

    file: Path
    parameters: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)
    entrypoint: str | None = None
    name: str | None = None
    """Which of several manifests of the file."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a session of a run ended, for a person or a program."""

    result: Result

    @property
    def exit_status(self) -> int:
        """0 if the workflow succeeded, 1 if it failed, waits or was stopped."""
        return 0 if self.result.phase is Phase.SUCCEEDED else 1

    def summary(self) -> str:
        """One or two lines: what became of it, and what to do next."""
        result = self.result
        again = f"`mlctl workflow run --resume {result.run}`"
        if result.interrupted:
            return f"{result.run} was stopped by {result.interrupted}; go on with {again}"
        if result.waiting_for:
            return f"{result.run} waits at: {', '.join(result.waiting_for)}; go on with {again[:-1]} --yes`"
        text = f"{result.run} {result.phase}" + (f": {result.message}" if result.message else "")
        if result.phase is Phase.SUCCEEDED:
            return text
        return f"{text}\nlook at it with `mlctl workflow show {result.run}`; try what failed again with {again}"

    def as_json(self) -> dict[str, Any]:
        """For `--format json`."""
        result = self.result
        outputs = result.roots[0].outputs if result.roots else None
        return {
            "run": result.run,
            "folder": str(result.folder),
            "phase": str(result.phase),
            "message": result.message,
            "waitingFor": list(result.waiting_for),
            "interrupted": result.interrupted or None,
            "outputs": outputs.parameters if outputs else {},
        }


def start_run(
    runs: Path,
    start: Start,
    watcher: Watcher,
    options: Options,
) -> Ended:
    """Check a manifest, make a run of it, and carry it out.

    Raises
    ------
    InputError
        The manifest or what it is given is wrong; nothing has been run and no folder made.
    ServiceError
        The disk is full or broken; the run can be resumed.
    """
    catalog = load_catalog(start.file, start.name)
    check_given(catalog, start.parameters, start.artifacts)
    checked = check(catalog, entrypoint=start.entrypoint, parameters=start.parameters)
    folder = RunFolder.create(runs, catalog.main.name)
    artifacts = {name: str(path) for name, path in start.artifacts.items()}
    folder.start(catalog.files, checked.entrypoint, start.parameters, artifacts, start.name)
    return Ended(result=run_workflow(folder, options, watcher))


def resume_run(
    runs: Path,
    run: str,
    watcher: Watcher,
    options: Options,
) -> Ended:
    """Go on with a run; what is finished is not done again. After a failure, what failed is tried again.

    Raises
    ------
    InputError
        There is no such run, it is running, or it has succeeded.
    ServiceError
        The disk is full or broken.
    """
    folder = RunFolder.find(runs, run)
    _, records = folder.read()
    done = [record for record in records if record["event"] == "done"]
    if done and done[-1]["phase"] == Phase.SUCCEEDED:
        raise InputError(f"run `{run}` has succeeded: there is nothing to go on with")
    return Ended(result=run_workflow(folder, options, watcher))
