"""Parquet read in batches, so that a file larger than memory is no different from a small one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ml.errors import InputError
from ml.monitoring.window import Window

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds

BATCH_ROWS = 131_072
_READAHEAD = 2
_READ_BYTES = 1 << 20  # per column; else pyarrow reads a row group whole, and that may be larger than memory


def open_table(path: Path) -> ds.Dataset:
    """Open one Parquet file, or a folder of them (a decision log)."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    if not path.exists():
        raise InputError("no such file or folder", file=path)
    try:
        table = ds.dataset(path, format="parquet")
        if not table.files:
            raise InputError("the folder holds no Parquet file", file=path)
        return table
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"not readable as Parquet: {_first_line(error)}", file=path) from None


def batches(
    path: Path, columns: Sequence[str], *, window: Window | None = None, time_column: str | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the columns batch by batch; with a window, only the rows whose `time_column` lies in it.

    Raises
    ------
    InputError
        Names the columns that are missing, or says that the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.dataset as ds

    table = open_table(path)
    needed = [*columns, *([time_column] if window is not None and time_column else [])]
    absent = sorted(set(needed) - set(table.schema.names))
    if absent:
        raise InputError(f"missing columns: {', '.join(absent)}", file=path, allowed=f"a table with {', '.join(sorted(set(needed)))}")
    condition = None
    if window is not None and time_column is not None:
        kind = table.schema.field(time_column).type
        if not pa.types.is_timestamp(kind):
            raise InputError(f"column {time_column!r} has type {kind}", file=path, allowed="a timestamp column")
        start, end = (pa.scalar(_same_zone(edge, kind), type=kind) for edge in (window.start, window.end))
        condition = (ds.field(time_column) >= start) & (ds.field(time_column) < end)
    scanner = table.scanner(
        columns=list(columns),
        filter=condition,
        batch_size=BATCH_ROWS,
        batch_readahead=_READAHEAD,
        fragment_readahead=1,
        fragment_scan_options=ds.ParquetFragmentScanOptions(use_buffered_stream=True, buffer_size=_READ_BYTES, pre_buffer=False),
    )
    try:
        yield from scanner.to_batches()
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"damaged Parquet: {_first_line(error)}", file=path) from None


def _same_zone(moment: object, kind: pa.TimestampType) -> object:
    return moment if kind.tz else moment.replace(tzinfo=None)  # type: ignore[attr-defined]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200]
