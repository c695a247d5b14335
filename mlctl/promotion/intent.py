"""What is about to be done, written down first, so that a run that is killed in between is completed or undone by the next one."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from mlctl.errors import InputError
from mlctl.evidence.atomic import write_atomically
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event
from mlctl.promotion.pin import Pin, pin_in, read_exact, with_pin

FOLDER = ".mlctl"
_NAME = "promotion-intent.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One move of one pin, and the record of it."""

    environment: str
    pin: Pin
    event: Event
    """Its model is the model; its details get the intent's id."""


class Pins:
    """The pins of a repository and their evidence, changed together or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = EvidenceLog(root / "evidence")
        self._intent = root / FOLDER / _NAME

    def file(self, environment: str) -> Path:
        return self.root / "environments" / f"{environment}.yaml"

    def pin(self, environment: str, model: str) -> Pin:
        path = self.file(environment)
        return pin_in(read_exact(path), path, model)

    @contextmanager
    def locked(self) -> Iterator[str | None]:
        """Hold the lock; gives what an earlier run had left behind and what became of it, or None. A second promotion waits here."""
        path = self.root / FOLDER / "promotion.lock"
        try:
            path.parent.mkdir(exist_ok=True)
            file = path.open("w")
        except OSError as error:
            raise InputError(
                f"cannot be written: {error.strerror}", file=path, remedy="nothing was changed; free the disk and repeat"
            ) from None
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            notes = self.log.mend()
            found = self._recover()
            yield "; ".join([*notes, *([found] if found else [])]) or None

    def apply(self, change: Change) -> tuple[str, str]:
        """Pin and record; (text before, text after). Call it with the lock held.

        Raises
        ------
        InputError
            A file cannot be written; what was written is taken back.
        """
        path = self.file(change.environment)
        before = read_exact(path)
        after = with_pin(before, path, change.event.model, change.pin)
        identity = uuid4().hex
        write_atomically(self._intent, json.dumps(_to_json(change, identity), indent=2) + "\n")
        try:
            write_atomically(path, after)
            self._record(change, identity)
        except InputError:
            write_atomically(path, before)
            self._forget()
            raise
        self._forget()
        return before, after

    def _forget(self) -> None:
        """What cannot be removed now is found by the next run, which sees that nothing is left to do."""
        with suppress(OSError):
            self._intent.unlink()

    def _record(self, change: Change, identity: str) -> None:
        values = {**asdict(change.event), "details": {**change.event.details, "intent": identity}}
        self.log.append([Event(**values)])

    def _recover(self) -> str | None:
        if not self._intent.exists():
            return None
        change, identity = self._read()
        model, place = change.event.model, change.environment
        what = f"the {change.event.kind} of {model} to version {change.pin.version} in {place}"
        if any(record.details.get("intent") == identity for record in self.log.records(model)):
            self._forget()
            return f"{what} had been interrupted after its last step; nothing was left to do"
        if self.pin(place, model) != change.pin:
            self._forget()
            return f"{what} had been interrupted before it changed anything; it was dropped"
        self._record(change, identity)
        self._forget()
        return f"{what} had been interrupted before its evidence was written; it was completed"

    def _read(self) -> tuple[Change, str]:
        try:
            value: dict[str, Any] = json.loads(self._intent.read_text(encoding="utf-8"))
            change = Change(environment=value["environment"], pin=Pin(**value["pin"]), event=Event(**value["event"]))
            return change, str(value["id"])
        except (ValueError, KeyError, TypeError, OSError):
            remedy = "compare git diff environments/ with mlctl evidence show, mend by hand, and remove this file"
            raise InputError("an interrupted promotion left this file, and it is damaged", file=self._intent, remedy=remedy) from None


def _to_json(change: Change, identity: str) -> dict[str, Any]:
    return {"id": identity, "environment": change.environment, "pin": asdict(change.pin), "event": asdict(change.event)}
