"""The month that is reported."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from mlctl.errors import InputError


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A calendar month in UTC, as bills have it."""

    first: date

    @classmethod
    def parse(cls, text: str, *, today: date) -> Period:
        """`2026-10` → the month.

        Raises
        ------
        InputError
            It is no month, or it has not begun on `today`.
        """
        match = re.fullmatch(r"(\d{4})-(\d{2})", text)
        if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1970:
            raise InputError(f"{text!r} is no month", key="--period", allowed="YYYY-MM, for example 2026-10")
        period = cls(date(int(match[1]), int(match[2]), 1))
        if period.first > today:
            raise InputError(f"{text} has not begun on {today}", key="--period", allowed=f"{today:%Y-%m} or earlier")
        return period

    @property
    def end(self) -> date:
        """The first day after it."""
        return (self.first + timedelta(days=32)).replace(day=1)

    @property
    def previous(self) -> Period:
        return Period((self.first - timedelta(days=1)).replace(day=1))

    @property
    def length(self) -> int:
        """Days in the month."""
        return (self.end - self.first).days

    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(self.length)]

    def complete_days(self, today: date) -> list[date]:
        """The days that are over on `today`."""
        return [day for day in self.days() if day < today]

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


def ranges(days: Iterable[date]) -> str:
    """`2026-10-01 to 2026-10-03, 2026-10-07`."""
    runs: list[tuple[date, date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return ", ".join(f"{first}" if first == last else f"{first} to {last}" for first, last in runs)
