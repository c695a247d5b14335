"""Reads FOCUS 1.2 files, CSV row by row, in two processes where the file is large."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from mlctl.errors import InputError
from mlctl.finops.charge import Gap, Role, SourceData
from mlctl.finops.ledger import overlap
from mlctl.finops.money import amount
from mlctl.finops.read.focus_columns import Columns
from mlctl.finops.read.focus_row import RowReader
from mlctl.finops.read.focus_rows import Rows
from mlctl.finops.read.focus_tally import FocusRequest, Tally
from mlctl.finops.read.parts import Part, split
from mlctl.finops.read.processes import in_processes

_MOST = Decimal("1e12")
_NOTHING = Decimal(0)


def read_focus(paths: Sequence[Path], request: FocusRequest) -> SourceData:
    """The charges of the period and of the one before, for movers.

    Raises
    ------
    InputError
        With file, line and column: a damaged row, a wrong amount, another currency, windows that overlap within or between the files.
    """
    total = Tally.make(request)
    ledger = total.ledger
    for path in paths:
        for found in _tallies(path, request):
            ledger.merge(found.ledger, file=str(path))
            total.rows += found.rows
            total.other_accounts += found.other_accounts
    gaps = []
    if total.other_accounts:
        what = f"{total.other_accounts:,} rows belong to other accounts than {request.environment.account} and were left out"
        gaps.append(Gap("focus", what, partial=False))
    return SourceData(name="focus", role=Role.BILL, charges=ledger.charges(), gaps=tuple(gaps), rows=total.rows)


def _tallies(path: Path, request: FocusRequest) -> Iterator[Tally]:
    if not path.is_file():
        raise InputError("there is no such file", file=path, key="--from")
    if path.suffix == ".parquet":
        from mlctl.finops.read.focus_parquet import read_parquet

        yield from read_parquet(path, request)
        return
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
            columns = _columns(stream, path, request)
            yield _read(stream, columns, path, request, line=columns.lines)
        return
    with path.open(encoding="utf-8", newline="") as stream:
        columns = _columns(stream, path, request)
    parts = split(path, request.processes if path.stat().st_size > request.large_bytes else 1)
    jobs = [(path, request, columns, part) for part in parts]
    if len(jobs) == 1:
        yield _read_part(jobs[0])
        return
    yield from in_processes(_read_part, jobs)


def _columns(lines: Iterable[str], path: Path, request: FocusRequest) -> Columns:
    reader = csv.reader(iter(lines), strict=True)
    try:
        header = next(reader, None)
    except (csv.Error, UnicodeDecodeError, OSError, EOFError) as error:
        raise InputError(f"cannot be read: {error}", file=path, line=1, allowed="UTF-8 CSV") from None
    if header is None:
        raise InputError("the file is empty", file=path, allowed="a FOCUS 1.2 CSV file with its header")
    return Columns(header, request.cost, str(path), reader.line_num)


def _read_part(job: tuple[Path, FocusRequest, Columns, Part]) -> Tally:
    path, request, columns, part = job
    return _read(part.lines(path), columns, path, request, line=part.line)


def _read(lines: Iterator[str], columns: Columns, path: Path, request: FocusRequest, *, line: int) -> Tally:
    """Read rows; `line` is the number of lines before them."""
    tally = Tally.make(request)
    rows = Rows(lines, columns, RowReader.make(request.environment, columns, str(path)), tally.ledger, line)
    try:
        _consume(rows, tally)
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise InputError(f"cannot be read: {error}", file=path, line=rows.line, allowed="UTF-8 CSV, complete to its end") from None
    return tally


def _consume(rows: Rows, tally: Tally) -> None:
    """The hot loop: every name in it is local."""
    ledger, columns = tally.ledger, rows.columns
    window_of = ledger.window
    cost, start, end = columns.cost, columns.start, columns.end
    read = outside = others = 0
    begin = until = window = None
    for fields, entry in rows:
        read += 1
        if entry is None:
            others += 1
            continue
        try:
            if fields[start] != begin or fields[end] != until:  # rows of one hour follow each other in most exports
                window = window_of(fields[start], fields[end])
                begin, until = fields[start], fields[end]
            usd = Decimal(fields[cost])
            sound = (usd >= _NOTHING or entry.negative) and -_MOST < usd < _MOST
        except (ValueError, InvalidOperation) as error:
            raise _problem(fields, rows, error) from None
        if not sound:
            raise _problem(fields, rows, None)
        if window is None:
            outside += 1
            continue
        if entry.hours & window.hours:
            raise overlap(rows.file, rows.line, columns.identity(rows.parse()))
        entry.hours |= window.hours
        amounts, span = entry.amounts, window.span
        amounts[span] = amounts.get(span, _NOTHING) + usd
    tally.rows, tally.other_accounts, ledger.outside = read, others, outside


def _problem(fields: Sequence[str], rows: Rows, error: Exception | None) -> InputError:
    """What is wrong with a row whose time or amount cannot be used."""
    try:
        amount(fields[rows.columns.cost], key=rows.columns.cost_name, file=rows.file, line=rows.line)
    except InputError as wrong:
        return wrong
    allowed = "RFC 3339 times on the hour, for example 2026-10-01T00:00:00Z"
    return InputError(str(error), file=rows.file, line=rows.line, key="ChargePeriodStart, ChargePeriodEnd", allowed=allowed)
