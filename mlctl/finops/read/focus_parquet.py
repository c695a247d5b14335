"""Reads FOCUS 1.2 as Parquet, the form that AWS exports: in batches, a file's row groups in two processes.

pyarrow joins what tells charges apart to one text per row and numbers the texts; per row only two numbers and the amount reach Python.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlctl.errors import InputError
from mlctl.finops.ledger import Entry, Window, overlap
from mlctl.finops.money import amount
from mlctl.finops.read.focus_columns import Columns
from mlctl.finops.read.focus_row import RowReader
from mlctl.finops.read.focus_tally import FocusRequest, Tally
from mlctl.finops.read.processes import in_processes

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 100_000
_FIELD, _PART = "\x1f", "\x1e"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_MOST = Decimal("1e12")
_NOTHING = Decimal(0)


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
    yield from in_processes(_read_groups, jobs)


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
        columns, ledger = self.opener.columns, self.tally.ledger
        keys, which = _distinct(_joined([part for name in columns.fixed_names for part in _parts(batch.column(name))]))
        first = dict(zip(reversed(which), range(batch.num_rows - 1, -1, -1), strict=True))
        entries = [self._entry(batch, key, first[place]) for place, key in enumerate(keys)]
        times, when = _distinct(_joined([_times(batch.column(name)) for name in ("ChargePeriodStart", "ChargePeriodEnd")]))
        windows = [self._window(text) for text in times]
        costs = batch.column(columns.cost_name).to_pylist()
        for number, (place, time, cost) in enumerate(zip(which, when, costs, strict=True)):
            entry = entries[place]
            if entry is None:
                self.tally.other_accounts += 1
                continue
            window = windows[time]
            try:
                usd = Decimal(repr(cost)) if type(cost) is float else Decimal(cost)
                sound = (usd >= _NOTHING or entry.negative) and -_MOST < usd < _MOST
            except (ValueError, TypeError, ArithmeticError):
                sound = False
            if not sound or isinstance(window, ValueError):
                raise self._problem(cost, self._row(number), window, entry)
            if window is None:
                ledger.outside += 1
                continue
            if entry.hours & window.hours:
                raise overlap(self.opener.file, None, tuple(part for part in keys[place].split(_FIELD) if part))
            entry.hours |= window.hours
            entry.amounts[window.span] = entry.amounts.get(window.span, _NOTHING) + usd
        self.tally.rows += batch.num_rows

    def _window(self, text: str) -> Window | ValueError | None:
        """The window of two times; what is wrong with them."""
        start, end = text.split(_FIELD)
        try:
            return self.tally.ledger.window(start, end)
        except ValueError as error:
            return error

    def _entry(self, batch: pa.RecordBatch, key: str, number: int) -> Entry | None:
        """The entry of a charge whose first row in the batch is `number`."""
        if key in self._known:
            return self._known[key]
        row = [_text(batch.column(place)[number].as_py()) for place in range(batch.num_columns)]
        entry = self._known[key] = self.opener.entry(row, self._row(number))
        if entry is not None:
            self.tally.ledger.entries[self.opener.columns.identity(row)] = entry
        return entry

    def _row(self, number: int) -> int:
        """The row of the file, from 1, that has this number in the batch."""
        return self.before + self.tally.rows + number + 1

    def _problem(self, cost: object, row: int, window: object, entry: Entry) -> InputError:
        name = self.opener.columns.cost_name
        try:
            amount(cost, key=name, file=self.opener.file, line=row, negative=entry.negative)
        except InputError as wrong:
            return wrong
        allowed = "times on the hour, for example 2026-10-01T00:00:00Z"
        return InputError(str(window), file=self.opener.file, line=row, key="ChargePeriodStart, ChargePeriodEnd", allowed=allowed)


def _joined(parts: Sequence[pa.Array]) -> pa.Array:
    """One text per row."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(*parts, _FIELD, null_handling="replace", null_replacement="")


def _distinct(column: pa.Array) -> tuple[list[str], list[int]]:
    """Each text once, and which of them every row has."""
    encoded = column.dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_pylist()


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


def _times(column: pa.Array) -> pa.Array:
    """Times as RFC 3339; each distinct one is written once."""
    import pyarrow as pa

    encoded = column.dictionary_encode()
    texts = [value if isinstance(value, str) else value.strftime(_TIME) if value else "" for value in encoded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(encoded.indices)


def _text(value: Any) -> str:
    """A value as a CSV file would have it."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(pair, tuple) for pair in value):
        return json.dumps(dict(value))  # pyarrow's form of a map
    return value if isinstance(value, str) else json.dumps(value, default=str) if isinstance(value, list | dict) else str(value)
