"""The FinOps report: everything that its four forms show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mlctl.finops.analysis.anomaly import Anomaly
from mlctl.finops.analysis.efficiency import Efficiency, Idle, Saving
from mlctl.finops.analysis.estimated import Accuracy
from mlctl.finops.analysis.forecast import Forecast
from mlctl.finops.analysis.movers import Mover
from mlctl.finops.analysis.reconcile import Reconciliation
from mlctl.finops.charge import Charge, Gap
from mlctl.finops.period import Period
from mlctl.finops.read.cost_explorer import BudgetStatus
from mlctl.finops.read.cost_forecast import AwsForecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One name's money in the month, USD."""

    name: str
    spent_usd: Decimal
    forecast_usd: Decimal | None
    budget_usd: Decimal | None = None

    @property
    def over(self) -> bool:
        """Whether the forecast is above the budget."""
        return self.budget_usd is not None and self.forecast_usd is not None and self.forecast_usd > self.budget_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What a thousand predictions of a model cost."""

    model: str
    spent_usd: Decimal
    requests: Decimal
    """In the known days."""
    assumed: bool
    """From usage.models in the environment's file, not counted."""

    @property
    def usd_per_thousand(self) -> Decimal | None:
        return self.spent_usd * 1000 / self.requests if self.requests and self.spent_usd else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accountability:
    """The estimate against what came of it."""

    date: str
    at_least: bool
    lines: tuple[Accuracy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinopsReport:
    """One environment's month."""

    environment: str
    account: str
    organization: str
    region: str
    period: Period
    today: date
    sources: tuple[tuple[str, int], ...]
    """Names, and how many rows each had."""
    forecast: Forecast
    total: Line
    gpu: Line | None
    """GPU instances, a part of the total with a budget of its own; None where no source tells them."""
    teams: tuple[Line, ...]
    services: tuple[Line, ...]
    models: tuple[Line, ...]
    unallocated: Line
    unknown_labels: tuple[tuple[str, Decimal], ...]
    idle: tuple[Idle, ...]
    efficiency: tuple[Efficiency, ...]
    movers: tuple[Mover, ...] | None
    anomalies: tuple[Anomaly, ...] | None
    anomaly_method: str
    predictions: tuple[Predictions, ...]
    savings: tuple[Saving, ...]
    accountability: Accountability | None
    reconciliation: Reconciliation
    budgets: tuple[BudgetStatus, ...]
    aws_forecast: AwsForecast | None
    gaps: tuple[Gap, ...]
    daily: Mapping[date, Decimal]
    """USD of each known day of the month."""
    charges: tuple[Charge, ...]
    """What the lines are made of."""

    @property
    def aws_month_usd(self) -> Decimal | None:
        """What the month comes to by AWS's forecast: spent, and what AWS expects of the rest."""
        return None if self.aws_forecast is None else self.total.spent_usd + self.aws_forecast.usd

    @property
    def partial(self) -> bool:
        """Whether something is missing from the totals."""
        return any(gap.partial for gap in self.gaps)

    @property
    def unallocated_share(self) -> Decimal | None:
        return self.unallocated.spent_usd / self.total.spent_usd if self.total.spent_usd else None

    @property
    def idle_usd(self) -> Decimal:
        return sum((one.usd for one in self.idle), Decimal(0))

    @property
    def idle_gpu_usd(self) -> Decimal:
        return sum((one.usd for one in self.idle if one.gpu), Decimal(0))

    @property
    def over(self) -> tuple[Line, ...]:
        """Budgets that the forecast exceeds."""
        return tuple(line for line in (self.total, *((self.gpu,) if self.gpu else ()), *self.teams) if line.over)
