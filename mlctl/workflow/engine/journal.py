"""The journal of a run: one JSON object to a line, only ever added to.

A run can be killed between any two bytes. A line is believed only if it is whole; what was done after the last whole line
is done again. The end of a step is forced to the disk before anything depends on it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, Any

from mlctl.errors import InputError

Record = dict[str, Any]


class Journal:
    """Adds records to a journal file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stream: IO[bytes] = file.open("ab")
        self._end_torn_line()

    def add(self, record: Record, *, durable: bool = False) -> None:
        """Write one record; a durable one is on the disk when this returns.

        Raises
        ------
        OSError
            The disk is full or gone.
        """
        self._stream.write(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
        self._stream.flush()
        if durable:
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _end_torn_line(self) -> None:
        size = self._file.stat().st_size
        if size:
            with self._file.open("rb") as stream:
                stream.seek(size - 1)
                if stream.read(1) != b"\n":
                    self._stream.write(b"\n")
                    self._stream.flush()


def read_journal(file: Path) -> list[Record]:
    """Every whole record, in order; torn lines are left out.

    Raises
    ------
    InputError
        There is no journal, or it is of no run.
    """
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"the run's journal cannot be read: {error.strerror}", file=file) from None
    records: list[Record] = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "event" in record:
            records.append(record)
    if not records or records[0]["event"] != "run":
        raise InputError("holds no run", file=file, remedy="start the workflow again without --resume")
    return records
