"""What costs more or less a day than in the month before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mlctl.finops.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """One name, USD a day: means of the known days, so that a month that is not over can be compared."""

    name: str
    before_usd: Decimal
    now_usd: Decimal

    @property
    def change_usd(self) -> Decimal:
        return self.now_usd - self.before_usd

    @property
    def share(self) -> Decimal | None:
        """Relative change; None for what is new."""
        return self.change_usd / self.before_usd if self.before_usd else None


def movers(series: Mapping[str, Mapping[date, Decimal]], known: Iterable[date], period: Period, *, most: int = 10) -> list[Mover] | None:
    """The largest changes; None where one of the months has no known day."""
    days = list(known)
    now = [day for day in days if period.first <= day < period.end]
    before = [day for day in days if period.previous.first <= day < period.first]
    if not now or not before:
        return None
    found = [Mover(name=name, before_usd=_mean(amounts, before), now_usd=_mean(amounts, now)) for name, amounts in series.items()]
    moved = [one for one in found if abs(one.change_usd) >= Decimal("0.01")]
    return sorted(moved, key=lambda one: (-abs(one.change_usd), one.name))[:most]


def _mean(amounts: Mapping[date, Decimal], days: list[date]) -> Decimal:
    return sum((amounts.get(day, Decimal(0)) for day in days), Decimal(0)) / len(days)
