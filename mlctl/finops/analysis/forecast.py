"""What the month will cost, by a method that can be checked by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mlctl.finops.charge import Charge
from mlctl.finops.period import Period

REFERENCE_DAYS = 7
"""A whole week, so that weekends count as often as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Which days are known, and which are filled in.

    forecast = spent + (days to come + days missing) × mean of the last seven known days.
    A fee for longer than a day counts once and is not part of the mean. The method is linear, so the parts add up to the whole.
    """

    period: Period
    known: tuple[date, ...]
    """Days of the period that have charges and are over."""
    missing: tuple[date, ...]
    """Days of the period that are over and have none."""
    to_come: int
    """Days of the period that are not over."""
    reference: tuple[date, ...]
    """The last known days, those of the month before included where the month is young."""

    @classmethod
    def of(cls, charges: Iterable[Charge], period: Period, *, today: date) -> Forecast:
        complete = period.complete_days(today)
        present = {charge.span.first for charge in charges if charge.span.days == 1 and charge.span.first < today}
        earlier = [day for day in period.previous.days() if day in present]
        known = [day for day in complete if day in present]
        return cls(
            period=period,
            known=tuple(known),
            missing=tuple(day for day in complete if day not in present),
            to_come=period.length - len(complete),
            reference=tuple((earlier + known)[-REFERENCE_DAYS:]),
        )

    @property
    def method(self) -> str:
        if not self.to_come and not self.missing:
            return "The month is over and no day is missing: what was spent is the result."
        if not self.reference:
            return "No day is known, so there is no forecast."
        weak = "; fewer than a week, so it is weak" if len(self.reference) < REFERENCE_DAYS else ""
        return (
            f"Spent + {self.to_come} days to come and {len(self.missing)} missing days × the mean of the last {len(self.reference)} known "
            f"days ({self.reference[0]} to {self.reference[-1]}{weak}). Fees for longer than a day count once."
        )

    def spent(self, charges: Iterable[Charge]) -> Decimal:
        """USD on the known days, and fees of the period."""
        days = frozenset(self.known)
        return sum((charge.usd for charge in charges if self._counts(charge, days)), Decimal(0))

    def month_end(self, charges: Sequence[Charge]) -> Decimal | None:
        """USD of the whole month; None where no day is known to go by."""
        open_days = self.to_come + len(self.missing)
        if not open_days:
            return self.spent(charges)
        if not self.reference:
            return None
        days = frozenset(self.reference)
        recent = sum((charge.usd for charge in charges if charge.span.days == 1 and charge.span.first in days), Decimal(0))
        return self.spent(charges) + recent * open_days / len(self.reference)

    def _counts(self, charge: Charge, days: frozenset[date]) -> bool:
        if charge.span.days > 1:
            return self.period.first <= charge.span.first < self.period.end
        return charge.span.first in days
