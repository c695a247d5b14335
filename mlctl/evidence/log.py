"""The log on disk: `evidence/<model>.jsonl`, one chain per model, and `evidence/heads.json`, how long each chain is and where it ends.

Writers hold a lock, so that none loses a record. A line that was cut off by a crash was never acknowledged; the next writer removes it.
The heads detect a chain that was cut at its end. Against somebody who rewrites chain and heads together there are two further
defences: the object-locked copy in S3, and `verify_extends`, by which the gate compares with the base branch.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlctl.errors import InputError
from mlctl.evidence.record import GENESIS, Event, Record, chained, digest

HEADS = "heads.json"


class EvidenceLog:
    """The log in a folder. The folder is made at the first record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, events: Sequence[Event]) -> list[Record]:
        """Write events at the end of their models' chains, all or none of each model's, and return their records.

        Raises
        ------
        InputError
            The chain is broken: nothing is added to it before that is understood.
        """
        by_model: dict[str, list[Event]] = {}
        for event in events:
            by_model.setdefault(event.model, []).append(event)
        written: list[Record] = []
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            for model, wanted in by_model.items():
                written += self._extend(model, wanted)
        return written

    def records(self, model: str | None = None) -> Iterator[Record]:
        """Records of one model, or of all, each chain in its order. A damaged line raises InputError."""
        for path in self._chains():
            if model is None or path.stem == model:
                yield from (record for _, record in _read(path))

    def models(self) -> list[str]:
        return [path.stem for path in self._chains()]

    def verify(self) -> list[str]:
        """What is wrong with the log, one line each; empty where it is whole."""
        problems = [problem for path in self._chains() for problem in _verify_chain(path)]
        heads = self._heads()
        for path in self._chains():
            records = _readable(path)
            head = heads.pop(path.stem, None)
            if head is None:
                problems.append(f"{path}: {HEADS} does not know this chain")
            elif len(records) < head["count"]:
                problems.append(f"{path}: {head['count'] - len(records)} records are missing at the end")
            elif records and (len(records), records[-1].hash) != (head["count"], head["hash"]):
                problems.append(f"{path}: the chain does not end where {HEADS} says")
        problems += [f"{self.folder / (model + '.jsonl')}: the whole chain is missing" for model in sorted(heads)]
        return problems

    def _extend(self, model: str, events: Sequence[Event]) -> list[Record]:
        path = self._path(model)
        _drop_torn_line(path)
        sequence, previous = self._tail(path)
        records = []
        for event in events:
            record = chained(event, sequence + 1, previous)
            sequence, previous = record.sequence, record.hash
            records.append(record)
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(record.line() + "\n" for record in records))
            file.flush()
            os.fsync(file.fileno())
        self._write_head(model, sequence, previous)
        return records

    def _tail(self, path: Path) -> tuple[int, str]:
        """(sequence, hash) of the last record. A head one step behind is what a crash between the two writes leaves, and is mended."""
        if not path.exists():
            head = self._heads().get(path.stem)
            if head:
                raise InputError("the whole chain is missing", file=path, remedy="restore it from git or from the object-locked copy")
            return 0, GENESIS
        problems = _verify_chain(path)
        if problems:
            raise InputError(f"the chain is broken: {problems[0]}", file=path, remedy="run mlctl evidence verify")
        records = _readable(path)
        head = self._heads().get(path.stem, {"count": 0, "hash": GENESIS})
        if len(records) < head["count"] or (head["count"] and records[head["count"] - 1].hash != head["hash"]):
            raise InputError("the chain was cut or replaced", file=path, remedy="run mlctl evidence verify")
        return (records[-1].sequence, records[-1].hash) if records else (0, GENESIS)

    def _heads(self) -> dict[str, Any]:
        path = self.folder / HEADS
        if not path.exists():
            return {}
        try:
            heads = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise InputError("is not JSON", file=path, remedy="restore it from git") from None
        if not isinstance(heads, dict) or not all(isinstance(head, dict) and {"count", "hash"} <= head.keys() for head in heads.values()):
            raise InputError("is damaged", file=path, remedy="restore it from git")
        return heads

    def _write_head(self, model: str, count: int, last: str) -> None:
        heads = {**self._heads(), model: {"count": count, "hash": last}}
        text = json.dumps(heads, indent=2, sort_keys=True) + "\n"
        descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=".heads-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(self.folder / HEADS)

    def _chains(self) -> list[Path]:
        return sorted(self.folder.glob("*.jsonl"))

    def _path(self, model: str) -> Path:
        if not model.replace("-", "").isalnum():
            raise InputError(f"{model!r} is no model name", key="model", allowed="letters, digits and hyphens")
        return self.folder / f"{model}.jsonl"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def read_records(folder: Path) -> list[Mapping[str, Any]]:
    """All records as plain mappings, for rules. InputError where a line is damaged."""
    log = EvidenceLog(folder)
    return [json.loads(record.line()) for record in log.records()]


def verify_extends(folder: Path, earlier: Path) -> list[str]:
    """What is wrong with a log that should only have grown since `earlier`: each older chain must be a prefix of the newer one."""
    problems = []
    for path in sorted(earlier.glob("*.jsonl")):
        newer = folder / path.name
        old = path.read_bytes()
        if not newer.exists() or not newer.read_bytes().startswith(old):
            problems.append(f"{newer}: records that stood in the base are gone or changed")
    return problems


def _read(path: Path) -> Iterator[tuple[int, Record]]:
    """(line number, record) of each line; InputError at the first that is none."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                value = json.loads(line)
                yield number, Record(**value)
            except (ValueError, TypeError, InputError) as error:
                raise InputError(f"is no evidence record: {error}", file=path, line=number, remedy="restore it from git") from None


def _readable(path: Path) -> list[Record]:
    """The records up to the first damaged line."""
    records: list[Record] = []
    try:
        records.extend(record for _, record in _read(path))
    except (InputError, UnicodeDecodeError):
        return records
    return records


def _verify_chain(path: Path) -> list[str]:
    previous, expected = GENESIS, 1
    problems: list[str] = []
    try:
        for number, record in _read(path):
            where = f"{path}:{number}"
            if record.sequence != expected:
                problems.append(f"{where}: record {record.sequence} stands where record {expected} belongs")
            if record.previous != previous:
                problems.append(f"{where}: does not follow the record before it")
            if record.model != path.stem:
                problems.append(f"{where}: is about {record.model}")
            content = json.loads(record.line())
            if digest(content) != record.hash:
                problems.append(f"{where}: was edited")
            previous, expected = record.hash, record.sequence + 1
    except (InputError, UnicodeDecodeError) as error:
        problems.append(str(error))
    return problems


def _drop_torn_line(path: Path) -> None:
    """Remove what a crash left after the last line's end."""
    if not path.exists():
        return
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
