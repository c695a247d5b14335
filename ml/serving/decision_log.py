"""The log of decisions a server took: JSON lines while it runs, Parquet for monitoring and audit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ml.errors import InputError, ServiceError
from ml.serving.scored_rows import schema
from ml.spec import ModelSpec

if TYPE_CHECKING:
    import pyarrow as pa

DECISIONS = "decisions.parquet"
REJECTED = "rejected.parquet"
_CHUNK_LINES = 50_000


class DecisionLog:
    """Appends to one file per process; a line is written whole or, if the disk is full or the machine dies, torn and passed over later."""

    _torn = False

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.path = folder / f"decisions-{os.getpid()}-{uuid4().hex[:8]}.jsonl"
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise InputError(f"the decision log cannot be written: {error.strerror}", file=folder) from None

    def append(self, lines: list[dict[str, Any]]) -> None:
        """Write some lines at once.

        Raises
        ------
        ServiceError
            The disk is full or gone. A decision that cannot be logged must not be given.
        """
        text = "".join(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines).encode()
        if self._torn:  # what comes now must not be taken for the rest of that line
            text = b"\n" + text
        try:
            written = os.write(self._file, text)
        except OSError as error:
            raise ServiceError(f"the decision cannot be logged: {error.strerror}", file=self.path) from None
        self._torn = written != len(text)
        if self._torn:
            raise ServiceError("the decision cannot be logged whole: the disk is full", file=self.path)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def collect(spec: ModelSpec, log: Path, out: Path) -> dict[str, int]:
    """Turn a decision log into ``decisions.parquet`` and ``rejected.parquet``.

    Returns
    -------
    dict
        Rows of each, and ``torn``: lines that were cut off when a machine died.
    """
    if not log.is_dir():
        raise InputError("no such folder", file=log)
    out.mkdir(parents=True, exist_ok=True)
    torn = _Torn()
    decisions = _write(out / DECISIONS, schema(spec), (line for line in _lines(log, torn) if "decision_id" in line))
    rejected = _write(out / REJECTED, rejected_schema(), (line for line in _lines(log, _Torn()) if "columns" in line))
    return {"decisions": decisions, "rejected": rejected, "torn": torn.count}


def rejected_schema() -> pa.Schema:
    """Return the columns of the table of refused rows: when, and which columns were wrong (never their values)."""
    import pyarrow as pa

    return pa.schema([("decided_at", pa.timestamp("us", tz="UTC")), ("columns", pa.string())])


class _Torn:
    count = 0


def _lines(log: Path, torn: _Torn) -> Iterator[dict[str, Any]]:
    for path in sorted(log.glob("decisions-*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                if line.isspace():
                    continue
                try:
                    read = json.loads(line)
                except ValueError:
                    torn.count += 1
                    continue
                yield {**read, "decided_at": datetime.fromisoformat(read["decided_at"])}


def _write(path: Path, columns: pa.Schema, lines: Iterator[dict[str, Any]]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with pq.ParquetWriter(draft, columns) as writer:
        for chunk in _chunks(lines):
            rows += len(chunk)
            writer.write_table(pa.Table.from_pylist(chunk, schema=columns))
    draft.replace(path)
    return rows


def _chunks(lines: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == _CHUNK_LINES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
