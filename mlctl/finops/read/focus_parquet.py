"""Reads FOCUS 1.2 as Parquet, the form that AWS exports: in batches, a file's row groups in two processes.

What tells charges apart is joined to one text per row by pyarrow; only that text, the time and the amount of a row reach Python.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlctl.errors import InputError
from mlctl.finops.ledger import Entry, overlap
from mlctl.finops.money import amount
from mlctl.finops.read.focus_columns import Columns
from mlctl.finops.read.focus_row import RowReader
from mlctl.finops.read.focus_tally import FocusRequest, Tally

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 100_000
_FIELD, _PART = "\x1f", "\x1e"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def read_parquet(path: Path, request: FocusRequest) -> Iterator[Tally]:
    """What each process read.

    Raises
    ------
    InputError
        pyarrow is not installed, the file is no Parquet, a column is missing, a row is wrong.
    """
    groups = list(range(_open(path).num_row_groups))
    share = -(-len(groups) // request.processes) or 1
    jobs = [(path, request, groups[begin : begin + share]) for begin in range(0, len(groups), share)]
    if len(jobs) < 2:
        yield _read_groups((path, request, groups))
        return
    with multiprocessing.get_context("fork").Pool(len(jobs)) as pool:
        yield from pool.imap(_read_groups, jobs)


def _open(path: Path) -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise InputError("reading Parquet needs pyarrow", file=path, remedy="install it with tools/setup.sh ml, or export CSV") from None
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise InputError(f"is no Parquet file: {error}", file=path, allowed="FOCUS 1.2 as Parquet, complete to its end") from None


def _read_groups(job: tuple[Path, FocusRequest, Sequence[int]]) -> Tally:
    path, request, groups = job
    file = _open(path)
    columns = Columns(file.schema_arrow.names, request.cost, str(path), 0)
    before = sum(file.metadata.row_group(number).num_rows for number in range(groups[0])) if groups else 0
    reader = _Reader(RowReader.make(request.environment, columns, str(path)), Tally.make(request), before)
    for batch in file.iter_batches(_ROWS, row_groups=list(groups)):
        reader.add(batch)
    return reader.tally


@dataclass
class _Reader:
    """Takes over batches of one file."""

    opener: RowReader
    tally: Tally
    before: int
    """Rows of the file before the first that is read here."""

    def __post_init__(self) -> None:
        self._known: dict[str, Entry | None] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        columns = self.opener.columns
        keys = _keys(batch, columns.fixed_names)
        starts, ends = (_times(batch.column(name)) for name in ("ChargePeriodStart", "ChargePeriodEnd"))
        costs = batch.column(columns.cost_name).to_pylist()
        known, window_of, tally = self._known, self.tally.ledger.window, self.tally
        for number, (key, start, end, cost) in enumerate(zip(keys, starts, ends, costs, strict=True)):
            entry = known.get(key)
            if entry is None and key not in known:
                entry = known[key] = self._entry(batch, number)
            if entry is None:
                tally.other_accounts += 1
                continue
            try:
                window = window_of(start, end)
                usd = Decimal(repr(cost)) if type(cost) is float else Decimal(cost)
                if not (usd >= 0 or entry.negative) or not usd.is_finite():
                    raise ValueError("the amount is negative or not finite")
            except (ValueError, TypeError, ArithmeticError) as error:
                raise self._problem(cost, self._row(number), error, entry) from None
            if window is None:
                tally.ledger.outside += 1
                continue
            if entry.hours & window.hours:
                raise overlap(self.opener.file, None, tuple(part for part in key.split(_FIELD) if part))
            entry.hours |= window.hours
            entry.amounts[window.span] = entry.amounts.get(window.span, Decimal(0)) + usd
        tally.rows += batch.num_rows

    def _entry(self, batch: pa.RecordBatch, number: int) -> Entry | None:
        row = [_text(batch.column(place)[number].as_py()) for place in range(batch.num_columns)]
        entry = self.opener.entry(row, self._row(number))
        if entry is not None:
            self.tally.ledger.entries[self.opener.columns.identity(row)] = entry
        return entry

    def _row(self, number: int) -> int:
        """The row of the file, from 1, that has this number in the batch."""
        return self.before + self.tally.rows + number + 1

    def _problem(self, cost: object, row: int, error: Exception, entry: Entry) -> InputError:
        name = self.opener.columns.cost_name
        try:
            amount(cost, key=name, file=self.opener.file, line=row, negative=entry.negative)
        except InputError as wrong:
            return wrong
        allowed = "times on the hour, for example 2026-10-01T00:00:00Z"
        return InputError(str(error), file=self.opener.file, line=row, key="ChargePeriodStart, ChargePeriodEnd", allowed=allowed)


def _keys(batch: pa.RecordBatch, names: Sequence[str]) -> list[str]:
    """One text per row of all columns that tell charges apart."""
    import pyarrow.compute as pc

    parts = [part for name in names for part in _parts(batch.column(name))]
    joined = pc.binary_join_element_wise(*parts, _FIELD, null_handling="replace", null_replacement="")
    keys: list[str] = joined.to_pylist()
    return keys


def _parts(column: pa.Array) -> list[pa.Array]:
    """A column as text; a map (tags) as two texts, of its keys and of its values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_map(kind):
        lists = [pa.ListArray.from_arrays(column.offsets, part.cast(pa.string())) for part in (column.keys, column.items)]
        return [pc.binary_join(one, _PART) for one in lists]
    if pa.types.is_nested(kind):
        return [pa.array([_text(value) for value in column.to_pylist()], pa.string())]
    return [column.cast(pa.string())]


def _times(column: pa.Array) -> list[str]:
    """Times as RFC 3339; each distinct one is written once."""
    encoded = column.dictionary_encode()
    texts = [value if isinstance(value, str) else value.strftime(_TIME) if value else "" for value in encoded.dictionary.to_pylist()]
    return ["" if place is None else texts[place] for place in encoded.indices.to_pylist()]


def _text(value: Any) -> str:
    """A value as a CSV file would have it."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(pair, tuple) for pair in value):
        return json.dumps(dict(value))  # pyarrow's form of a map
    return value if isinstance(value, str) else json.dumps(value, default=str) if isinstance(value, list | dict) else str(value)
