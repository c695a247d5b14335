"""Read raw rows in micro-batches: from a generator, a CSV file, a Parquet file, or any stream of frames."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ml.data.arrow import open_parquet, parquet_batches
from ml.errors import InputError

if TYPE_CHECKING:
    import _csv

BATCH_ROWS = 50_000


@dataclass(frozen=True, kw_only=True)
class RawBatch:
    """Rows as they came, and lines that are no row at all.

    Attributes
    ----------
    frame
        Rows to be checked; CSV cells are text.
    broken
        (position in the batch, reason, raw JSON) of lines with too few or too many fields.
    """

    frame: pd.DataFrame
    broken: tuple[tuple[int, str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.frame) + len(self.broken)

    @property
    def whole(self) -> list[int]:
        """The position in the batch of every row of the frame."""
        broken = {position for position, _, _ in self.broken}
        return [position for position in range(len(self)) if position not in broken]


def frame_batches(frame: pd.DataFrame, rows: int = BATCH_ROWS) -> Iterator[RawBatch]:
    """Cut a frame into micro-batches."""
    for first in range(0, max(len(frame), 1), rows):
        yield RawBatch(frame=frame.iloc[first : first + rows])


def file_batches(path: Path, rows: int = BATCH_ROWS) -> Iterator[RawBatch]:
    """Read a CSV or Parquet file, whatever its size, in micro-batches.

    Raises
    ------
    InputError
        The file is missing, empty, of another format, or not UTF-8.
    """
    if not path.is_file():
        raise InputError("no such file", file=path)
    if path.stat().st_size == 0:
        raise InputError("the file is empty", file=path, allowed="a header line and at least one row")
    if path.suffix == ".csv":
        return _csv_batches(path, rows)
    if path.suffix == ".parquet":
        return _parquet_batches(path, rows)
    raise InputError(f"unknown file type {path.suffix!r}", file=path, allowed=".csv, .parquet")


def _csv_batches(path: Path, rows: int) -> Iterator[RawBatch]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = next(reader)
            yield from _csv_rows(reader, header, rows)
        except UnicodeDecodeError as error:
            raise InputError(f"not UTF-8: {error.reason}", file=path, line=_unreadable(path), remedy="save the file as UTF-8") from None
        except csv.Error as error:
            raise InputError(f"not CSV: {error}", file=path, line=reader.line_num) from None
        except StopIteration:
            raise InputError("the file is empty", file=path) from None


def _unreadable(path: Path) -> int:
    """Return the first line that is not UTF-8; the reader notices it blocks ahead of the row it is at."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def _csv_rows(reader: _csv.Reader, header: list[str], rows: int) -> Iterator[RawBatch]:
    good: list[list[str]] = []
    broken: list[tuple[int, str, str]] = []
    for record in reader:
        if not record:
            continue
        if len(record) == len(header):
            good.append(record)
        else:
            reason = f"line {reader.line_num} has {len(record)} fields, the header {len(header)}"
            broken.append((len(good) + len(broken), reason, json.dumps(record, ensure_ascii=False)))
        if len(good) + len(broken) >= rows:
            yield _csv_batch(good, broken, header)
            good, broken = [], []
    yield _csv_batch(good, broken, header)


def _csv_batch(good: list[list[str]], broken: list[tuple[int, str, str]], header: list[str]) -> RawBatch:
    return RawBatch(frame=pd.DataFrame(good, columns=pd.Index(header), dtype="str"), broken=tuple(broken))


def _parquet_batches(path: Path, rows: int) -> Iterator[RawBatch]:
    file = open_parquet(path)
    if file.metadata.num_rows == 0:
        yield RawBatch(frame=file.schema_arrow.empty_table().to_pandas())
    for batch in parquet_batches(file, path, rows):
        yield RawBatch(frame=batch.to_pandas())
