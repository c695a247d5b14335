"""One model's chain: a file with one record per line, each holding the hash of the one before.

Checking is one pass over the file. Adding looks at the last line only, so that a chain of any length grows at the same speed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlctl.errors import InputError
from mlctl.evidence.record import GENESIS, Event, Record, chained, digest

_BLOCK = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Where a chain ends."""

    count: int
    hash: str


EMPTY = End(count=0, hash=GENESIS)


def read_chain(path: Path) -> Iterator[tuple[int, Record]]:
    """(line number, record) of each line; InputError at the first that is none."""
    for number, value in _values(path):
        yield number, _record(value, path, number)


def check_chain(path: Path) -> tuple[list[str], End]:
    """What is wrong, one line each, and where the readable part ends."""
    end, problems = EMPTY, []
    try:
        for number, value in _values(path):
            record, where = _record(value, path, number), f"{path}:{number}"
            if record.sequence != end.count + 1:
                problems.append(f"{where}: record {record.sequence} stands where record {end.count + 1} belongs")
            if record.previous != end.hash:
                problems.append(f"{where}: does not follow the record before it")
            if record.model != path.stem:
                problems.append(f"{where}: is about {record.model}")
            if digest(value) != record.hash:
                problems.append(f"{where}: was edited")
            end = End(count=record.sequence, hash=record.hash)
    except InputError as error:
        problems.append(str(error))
    return problems, end


def count_lines(path: Path) -> int:
    """How many records the file can hold: its lines."""
    with path.open("rb") as file:
        return sum(1 for _ in file)


def last_record(path: Path) -> Record | None:
    """The last record, read from the end of the file; None where there is none.

    Raises
    ------
    InputError
        The line is damaged, or its hash is not its own.
    """
    line = _last_line(path)
    if line is None:
        return None
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    record = _record(value, path, None)
    if digest(value) != record.hash:
        raise InputError("the chain is broken: its last record was edited", file=path, remedy="run mlctl evidence verify")
    return record


def extend_chain(path: Path, events: Sequence[Event], end: End) -> list[Record]:
    """Write the events after the end and return their records. Where the disk is full, nothing is added."""
    records = []
    for event in events:
        record = chained(event, end.count + 1, end.hash)
        end = End(count=record.sequence, hash=record.hash)
        records.append(record)
    content = "".join(record.line() + "\n" for record in records).encode()
    size = path.stat().st_size if path.exists() else 0
    try:
        with path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if path.exists():
            os.truncate(path, size)
        raise InputError(
            f"cannot be written: {error.strerror}", file=path, remedy="no record was added; free the disk and repeat"
        ) from None
    return records


def drop_torn_line(path: Path) -> None:
    """Remove what a crash left after the last line's end: it was never acknowledged."""
    if not path.exists() or not (size := path.stat().st_size):
        return
    with path.open("r+b") as file:
        kept, tail = size, b""
        while kept and b"\n" not in tail:
            start = max(0, kept - _BLOCK)
            file.seek(start)
            tail = file.read(kept - start)
            if start == 0 or b"\n" in tail:
                kept = start + tail.rfind(b"\n") + 1
                break
            kept = start
        if kept != size:
            file.truncate(kept)


def _last_line(path: Path) -> bytes | None:
    if not path.exists() or not (position := path.stat().st_size):
        return None
    tail = b""
    with path.open("rb") as file:
        while position and b"\n" not in tail[:-1]:
            start = max(0, position - _BLOCK)
            file.seek(start)
            tail = file.read(position - start) + tail
            position = start
    return tail[:-1].rpartition(b"\n")[2]


def _values(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise InputError(f"is no evidence record: {error}", file=path, line=number, remedy="restore it from git") from None


def _record(value: Any, path: Path, number: int | None) -> Record:
    try:
        return Record(**value)
    except (ValueError, TypeError, AttributeError, InputError) as error:
        raise InputError(f"is no evidence record: {error}", file=path, line=number, remedy="restore it from git") from None
