"""Adds charges up as they are read, and notices what would be counted twice."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from mlctl.errors import InputError
from mlctl.finops.charge import Charge, Span, Subject

_HOUR = timedelta(hours=1)


class Window(NamedTuple):
    """A charge's time: the days it counts for, and its hours as bits since the ledger's begin."""

    span: Span
    hours: int


class Entry:
    """What one identity (the same thing charged again and again) has cost so far."""

    __slots__ = ("amounts", "hours", "negative", "subject")

    def __init__(self, subject: Subject, *, negative: bool = False) -> None:
        self.subject = subject
        self.negative = negative
        self.hours = 0
        self.amounts: dict[Span, Decimal] = {}


class Ledger:
    """Charges from `first` to before `end`. Its hot loop is in the readers; it must stay plain."""

    def __init__(self, first: date, end: date) -> None:
        self.first = first
        self.end = end
        self.entries: dict[Hashable, Entry] = {}
        self.outside = 0
        """Rows of other months, which were left out."""
        self._windows: dict[tuple[str, str], Window | None] = {}

    def window(self, begin: str, end: str) -> Window | None:
        """The window of two RFC 3339 times; None where it begins in a month that is not wanted.

        Raises
        ------
        ValueError
            It is no time, is empty, or does not begin and end on the hour.
        """
        key = (begin, end)
        if key not in self._windows:
            self._windows[key] = self._window(_moment(begin), _moment(end))
        return self._windows[key]

    def _window(self, begin: datetime, end: datetime) -> Window | None:
        if end <= begin:
            raise ValueError(f"the window from {begin} to {end} is empty")
        if (begin.minute, begin.second, end.minute, end.second) != (0, 0, 0, 0) or begin.microsecond or end.microsecond:
            raise ValueError(f"the window from {begin} to {end} does not begin and end on the hour (UTC)")
        if not self.first <= begin.date() < self.end:
            return None
        hours = (end - begin) // _HOUR
        after = (begin - datetime.combine(self.first, time(), UTC)) // _HOUR
        days = ((end - timedelta(seconds=1)).date() - begin.date()).days + 1
        return Window(Span(begin.date(), days), ((1 << hours) - 1) << after)

    def add(self, identity: Hashable, entry: Entry, window: Window, usd: Decimal) -> None:
        """Add one amount.

        Raises
        ------
        ValueError
            The identity was charged for part of the window already.
        """
        self.entries[identity] = entry
        if entry.hours & window.hours:
            raise ValueError(f"its window overlaps one that was read already (from {window.span.first})")
        entry.hours |= window.hours
        entry.amounts[window.span] = entry.amounts.get(window.span, Decimal(0)) + usd

    def merge(self, other: Ledger, *, file: str) -> None:
        """Take over what another process read of the same file.

        Raises
        ------
        InputError
            Both read the same hours of the same charge.
        """
        self.outside += other.outside
        for identity, entry in other.entries.items():
            mine = self.entries.get(identity)
            if mine is None:
                self.entries[identity] = entry
                continue
            if mine.hours & entry.hours:
                raise overlap(file, None, identity)
            mine.hours |= entry.hours
            for span, usd in entry.amounts.items():
                mine.amounts[span] = mine.amounts.get(span, Decimal(0)) + usd

    def charges(self) -> tuple[Charge, ...]:
        """One charge per subject and span."""
        sums: dict[tuple[Subject, Span], Decimal] = {}
        for subject, span, usd in self._amounts():
            sums[subject, span] = sums.get((subject, span), Decimal(0)) + usd
        ordered = sorted(sums.items(), key=lambda item: (item[0][1], str(item[0][0])))
        return tuple(Charge(subject, span, usd) for (subject, span), usd in ordered)

    def _amounts(self) -> Iterator[tuple[Subject, Span, Decimal]]:
        for entry in self.entries.values():
            for span, usd in entry.amounts.items():
                yield entry.subject, span, usd


def overlap(file: str, line: int | None, identity: Hashable) -> InputError:
    """The error about a charge whose windows overlap."""
    parts = identity if isinstance(identity, tuple) else (identity,)
    what = " ".join(str(part) for part in parts if part)[:160]
    return InputError(
        f"the same charge is there twice for the same hours: {what}",
        file=file,
        line=line,
        allowed="windows of one charge that do not overlap",
        remedy="export the period once, or leave one of the overlapping files out",
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
