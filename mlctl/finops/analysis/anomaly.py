"""Days that cost far more than usual, by median and median absolute deviation: one odd day moves neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

THRESHOLD = Decimal("3.5")
"""Iglewicz and Hoaglin (1993): modified z-scores above 3.5 are outliers."""
CONSISTENCY = Decimal("1.4826")
"""Makes the deviation comparable with a standard deviation where days are normally distributed."""
LEAST_DAYS = 7
_FLOOR = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """Days in a row that cost too much."""

    name: str
    first: date
    last: date
    usd: Decimal
    """Spent on these days."""
    usual_usd: Decimal
    """The median day."""
    impact_usd: Decimal
    """Spent above the median, all days together."""
    score: Decimal
    """The largest modified z-score."""


def method(least_usd: Decimal) -> str:
    """The rule in words."""
    return (
        f"A day is odd where (spend − median) ÷ max(1.4826 × MAD, 1 % of the median) is above {THRESHOLD}, over the known days of this "
        f"month and the one before, {LEAST_DAYS} at least. Odd days in a row are one anomaly, told where its impact is above {least_usd} "
        "USD. Weekdays are not told apart."
    )


def anomalies(series: Mapping[str, Mapping[date, Decimal]], known: Sequence[date], *, since: date, least_usd: Decimal) -> list[Anomaly]:
    """The anomalies from `since` on, the dearest first. A known day without a charge in a series counts as zero there."""
    found: list[Anomaly] = []
    for name, days in series.items():
        if len(known) >= LEAST_DAYS:
            found += _of(name, {day: days.get(day, Decimal(0)) for day in known}, since)
    return sorted((one for one in found if one.impact_usd > least_usd), key=lambda one: (-one.impact_usd, one.name))


def _of(name: str, days: Mapping[date, Decimal], since: date) -> Iterable[Anomaly]:
    usual = median(days.values())
    spread = CONSISTENCY * median(abs(usd - usual) for usd in days.values())
    scale = max(spread, abs(usual) / 100, _FLOOR)
    odd = [day for day in sorted(days) if day >= since and (days[day] - usual) / scale > THRESHOLD]
    for run in _runs(odd):
        spent = sum((days[day] for day in run), Decimal(0))
        yield Anomaly(
            name=name,
            first=run[0],
            last=run[-1],
            usd=spent,
            usual_usd=usual,
            impact_usd=spent - usual * len(run),
            score=max((days[day] - usual) / scale for day in run),
        )


def _runs(days: Sequence[date]) -> list[list[date]]:
    """Days that follow each other, together."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs
