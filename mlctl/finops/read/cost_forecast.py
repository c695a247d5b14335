"""AWS's own forecast of the days to come, beside ours: `GetCostForecast`, one paid request a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from mlctl.errors import InputError
from mlctl.finops.money import CURRENCY, amount
from mlctl.finops.period import Period
from mlctl.finops.read.cost_explorer import NAME, CostExplorer
from mlctl.finops.read.focus_columns import Cost

LEVEL = 80
"""Percent: AWS's real cost is expected to lie between the bounds that often."""
_METRICS: dict[Cost, str] = {"billed": "UNBLENDED_COST", "effective": "AMORTIZED_COST"}
_NOT_YET = "DataUnavailableException"
"""What AWS answers for an account without enough history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsForecast:
    """What AWS expects of the days from `since` to the end of the month, USD."""

    since: date
    usd: Decimal
    low_usd: Decimal
    high_usd: Decimal

    @property
    def method(self) -> str:
        return f"Spent + what AWS Cost Explorer forecasts from {self.since} on (GetCostForecast, bounds of {LEVEL} %)."


def read_forecast(explorer: CostExplorer, period: Period, *, today: date) -> AwsForecast | None:
    """The forecast of an open month; None where the month is over, or AWS has too little history.

    Raises
    ------
    ServiceError
        AWS refuses or cannot be reached.
    InputError
        The answer has another currency, or an amount that cannot be.
    """
    if not period.first <= today < period.end:
        return None
    request = {
        "TimePeriod": {"Start": today.isoformat(), "End": period.end.isoformat()},
        "Metric": _METRICS[explorer.cost],
        "Granularity": "MONTHLY",
        "Filter": {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [explorer.environment.account]}},
        "PredictionIntervalLevel": LEVEL,
    }
    kept = ("Total", "ForecastResultsByTime")
    answer = explorer.ask("get_cost_forecast", request, holds=today.isoformat(), keep=kept, absent=_NOT_YET)
    if not answer:
        return None
    total, results = answer["Total"], answer.get("ForecastResultsByTime", [])
    if total.get("Unit") != CURRENCY:
        raise InputError(f"the currency is {total.get('Unit')!r}", file=NAME, key="GetCostForecast", allowed=CURRENCY)
    usd = _usd(total["Amount"])
    return AwsForecast(since=today, usd=usd, low_usd=_bound(results, "Lower", usd), high_usd=_bound(results, "Upper", usd))


def _bound(results: list[Mapping[str, Any]], side: str, otherwise: Decimal) -> Decimal:
    values = [one.get(f"PredictionInterval{side}Bound") for one in results]
    return sum((_usd(value) for value in values if value is not None), Decimal(0)) if None not in values and values else otherwise


def _usd(value: object) -> Decimal:
    return amount(value, key="GetCostForecast", file=NAME)
