"""The rows of a FOCUS file, recognised fast."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from io import StringIO

from mlctl.errors import InputError
from mlctl.finops.ledger import Entry, Ledger
from mlctl.finops.read.focus_columns import Columns
from mlctl.finops.read.focus_row import RowReader


class Rows:
    """The rows of a file with the entry of the ledger that each belongs to.

    Most rows differ from an earlier one only in time and amount, so a row is taken apart by its commas alone as far as its first quote,
    and recognised by its text. Only what is seen for the first time, or cannot be told that way, goes through the csv module.
    """

    def __init__(self, lines: Iterator[str], columns: Columns, opener: RowReader, ledger: Ledger, line: int) -> None:
        self.columns = columns
        self.file = opener.file
        self.line = line
        """The line that was read last."""
        self._lines = lines
        self._opener = opener
        self._ledger = ledger
        self._others: set[object] = set()
        self._text = ""

    def __iter__(self) -> Iterator[tuple[Sequence[str], Entry | None]]:
        """Fields (complete as far as the last varying column) and the entry; None for another account's."""
        known: dict[object, Entry | None] = {}
        takers: dict[int, Callable[[Sequence[str]], tuple[str, ...]] | None] = {}
        unquoted = self.columns.unquoted
        for text in self._lines:
            self._text = text
            self.line += 1
            head, quote, tail = text.partition('"')
            fields = head.split(",")
            form = -len(fields) if quote else len(fields)
            if form not in takers:
                takers[form] = unquoted(len(fields), quoted=bool(quote))
            take = takers[form]
            if take is None or (quote and tail.count('"') % 2 == 0):
                row = self._whole()
                if row:
                    yield row, self._entry(row)
                continue
            key = (take(fields), tail)
            entry = known.get(key)
            if entry is None and key not in known:
                entry = known[key] = self._entry(self.parse())
            yield fields, entry

    def parse(self) -> list[str]:
        """The row that was read last, by the csv module."""
        try:
            rows = list(csv.reader(StringIO(self._text, newline=""), strict=True))
        except csv.Error as error:
            raise InputError(f"cannot be read: {error}", file=self.file, line=self.line, allowed="CSV, complete to its end") from None
        row = rows[0] if rows else []
        if row and (len(row) != self.columns.count or len(rows) > 1):
            raise InputError(f"{len(row)} fields in a row of {self.columns.count}", file=self.file, line=self.line)
        return row

    def _whole(self) -> list[str]:
        """The row, with the further lines that its quoted fields hold."""
        while self._text.count('"') % 2:
            more = next(self._lines, None)
            if more is None:
                break
            self._text += more
            self.line += 1
        return self.parse()

    def _entry(self, row: Sequence[str]) -> Entry | None:
        identity = self.columns.identity(row)
        entry = self._ledger.entries.get(identity)
        if entry is None and identity not in self._others:
            entry = self._opener.entry(row, self.line)
            if entry is None:
                self._others.add(identity)
            else:
                self._ledger.entries[identity] = entry
        return entry
