"""The sketches of all columns of a table: of the reference once, and of every window in the same cells."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ml.errors import InputError
from ml.monitoring.sketch import CategoricalSketch, NumericSketch, Sketch, numeric_reference
from ml.monitoring.source import batches, open_table
from ml.monitoring.window import Window

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["numeric", "categorical"]
SAMPLE_ROWS = 200_000
"""Rows of the reference its quantiles are taken from; the counts are of all rows."""
_THREADS = 2


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One sketch per column, and the rows they are of."""

    sketches: dict[str, Sketch]
    rows: int


def reference_profile(path: Path, columns: Mapping[str, Kind]) -> Profile:
    """Read a reference table twice: every k-th row for the cut points, then all rows for the counts."""
    import pyarrow.dataset as ds

    table: ds.Dataset = open_table(path)
    rows = table.count_rows()
    if not rows:
        raise InputError("the reference has no rows", file=path)
    step = max(1, rows // SAMPLE_ROWS)
    numeric = [name for name, kind in columns.items() if kind == "numeric"]
    samples = _sample(path, numeric, step)
    empty: dict[str, Sketch] = {
        name: CategoricalSketch() if kind == "categorical" else numeric_reference(samples[name]) for name, kind in columns.items()
    }
    return count(path, Profile(sketches=empty, rows=0))


def count(path: Path, like: Profile, *, window: Window | None = None, time_column: str | None = None) -> Profile:
    """Count a table in the cells of a profile. Memory does not depend on the number of rows."""
    sketches: dict[str, Sketch] = {name: sketch.empty() for name, sketch in like.sketches.items()}
    rows = 0
    with ThreadPoolExecutor(_THREADS) as pool:
        for batch in batches(path, list(sketches), window=window, time_column=time_column):
            rows += batch.num_rows
            sketches = _counted(sketches, batch, path, pool)
    return Profile(sketches=sketches, rows=rows)


def _counted(sketches: dict[str, Sketch], batch: pa.RecordBatch, path: Path, pool: Executor) -> dict[str, Sketch]:
    def one(name: str) -> Sketch:
        sketch = sketches[name]
        if isinstance(sketch, NumericSketch):
            return sketch.add(numbers(batch, name, path))
        return sketch.add_counts(*categories(batch, name))

    return dict(zip(sketches, pool.map(one, sketches), strict=True))


def numbers(batch: pa.RecordBatch, name: str, path: Path) -> NDArray[np.float64]:
    """Return a column as float64, missing values as NaN."""
    import pyarrow as pa

    column = batch.column(name)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)):
        raise InputError(f"column {name!r} has type {column.type}", file=path, allowed="numbers")
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def categories(batch: pa.RecordBatch, name: str) -> tuple[dict[str, int], int]:
    """Return the rows per category and the missing rows of a column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = batch.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    counted = pc.value_counts(column.cast(pa.string()))
    found = {value["values"].as_py(): value["counts"].as_py() for value in counted}
    missing = int(found.pop(None, 0))
    return {str(name): int(rows) for name, rows in found.items()}, missing


def _sample(path: Path, columns: list[str], step: int) -> dict[str, NDArray[np.float64]]:
    parts: dict[str, list[NDArray[np.float64]]] = {name: [] for name in columns}
    offset = 0
    for batch in batches(path, columns):
        for name in columns:
            parts[name].append(numbers(batch, name, path)[(-offset) % step :: step])
        offset += batch.num_rows
    return {name: np.concatenate(found) if found else np.empty(0) for name, found in parts.items()}
