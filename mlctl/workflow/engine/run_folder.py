"""The folder of one run: its manifest, its journal, its steps."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mlctl.errors import InputError, ServiceError
from mlctl.workflow.engine.journal import Journal, Record, read_journal


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a run was started with."""

    name: str
    uid: str
    created: float
    manifest: str
    entrypoint: str
    parameters: dict[str, str]
    artifacts: dict[str, str]
    chosen: str | None = None
    """Which of several manifests of the file."""


class RunFolder:
    """Makes, finds and locks the folder of a run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    @property
    def journal_file(self) -> Path:
        """Where the journal is kept."""
        return self.path / "journal.jsonl"

    @staticmethod
    def create(runs: Path, name: str) -> RunFolder:
        """A new folder, named for the workflow and unlike any other.

        Raises
        ------
        ServiceError
            It cannot be made.
        """
        try:
            runs.mkdir(parents=True, exist_ok=True)
            while True:
                path = runs / f"{name}-{secrets.token_hex(3)}"
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                return RunFolder(path.resolve())
        except OSError as error:
            raise _cannot_keep(runs, error) from None

    @staticmethod
    def find(runs: Path, run: str) -> RunFolder:
        """The folder of an earlier run.

        Raises
        ------
        InputError
            There is no such run.
        """
        path = runs / run
        if not run or Path(run).name != run or not (path / "journal.jsonl").is_file():
            known = ", ".join(folder.path.name for folder in RunFolder.every(runs)[:5]) or "none"
            raise InputError(f"there is no run `{run}` in {runs}", remedy=f"the latest runs: {known}")
        return RunFolder(path.resolve())

    @staticmethod
    def every(runs: Path) -> list[RunFolder]:
        """All runs, the latest first."""
        journals = sorted(runs.glob("*/journal.jsonl"), key=lambda file: file.stat().st_mtime, reverse=True)
        return [RunFolder(file.parent) for file in journals]

    def start(
        self, manifests: list[Path], entrypoint: str, parameters: dict[str, str], artifacts: dict[str, str], chosen: str | None = None
    ) -> Header:
        """Keep the manifests and write the journal's first line; a run is always resumed from what it was started with.

        Raises
        ------
        ServiceError
            They cannot be written; nothing is left of the run.
        """
        try:
            return self._start(manifests, entrypoint, parameters, artifacts, chosen)
        except OSError as error:
            shutil.rmtree(self.path, ignore_errors=True)
            raise _cannot_keep(self.path.parent, error) from None

    def _start(
        self, manifests: list[Path], entrypoint: str, parameters: dict[str, str], artifacts: dict[str, str], chosen: str | None
    ) -> Header:
        kept = self.path / "manifest"
        kept.mkdir()
        for file in manifests:
            shutil.copyfile(file, kept / file.name)
        header = Header(
            name=self.path.name,
            uid=str(uuid.uuid4()),
            created=time.time(),
            manifest=manifests[0].name,
            entrypoint=entrypoint,
            parameters=parameters,
            artifacts=artifacts,
            chosen=chosen,
        )
        journal = Journal(self.journal_file)
        journal.add({"event": "run", **vars(header)}, durable=True)
        journal.close()
        return header

    def read(self) -> tuple[Header, list[Record]]:
        """The header and all later records."""
        records = read_journal(self.journal_file)
        first = {key: value for key, value in records[0].items() if key != "event"}
        return Header(**first), records[1:]

    def lock(self) -> None:
        """Hold the run for this process, and not for those it starts: a killed run's last step may outlive it for a moment.

        Raises
        ------
        InputError
            Another process holds it.
        """
        self._lock = (self.path / "lock").open("a+")
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.seek(0)
            raise InputError(
                f"run `{self.path.name}` is running in process {self._lock.read().strip() or 'unknown'}",
                remedy="wait for it, or stop that process",
            ) from None
        self._lock.truncate(0)
        os.write(self._lock.fileno(), str(os.getpid()).encode())

    def unlock(self) -> None:
        """Let the run go."""
        if self._lock:
            self._lock.close()
            self._lock = None


def _cannot_keep(runs: Path, error: OSError) -> ServiceError:
    return ServiceError(
        f"the run cannot be kept: {error.strerror or error}", file=runs, remedy="make room, or name another folder with --runs-dir"
    )
