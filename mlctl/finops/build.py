"""Makes the report of what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from mlctl.config.environment import Environment
from mlctl.errors import InputError
from mlctl.finops.analysis.anomaly import LEAST_DAYS, Anomaly, anomalies, method
from mlctl.finops.analysis.efficiency import efficiencies, idle, savings
from mlctl.finops.analysis.estimated import Estimated, accuracies
from mlctl.finops.analysis.forecast import Forecast
from mlctl.finops.analysis.movers import Mover, movers
from mlctl.finops.analysis.reconcile import Reconciled, reconcile
from mlctl.finops.analysis.service_names import billed_service
from mlctl.finops.charge import Charge, Gap, SourceData
from mlctl.finops.period import Period, ranges
from mlctl.finops.read.cost_explorer import BudgetStatus
from mlctl.finops.read.cost_forecast import AwsForecast
from mlctl.finops.report import Accountability, FinopsReport, Line, Predictions

_NO_TEAM = "(no team)"
Key = Callable[[Charge], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to report on. `today` decides which days are over."""

    environment: Environment
    period: Period
    today: date
    estimated: Estimated | None = None
    predictions: Mapping[str, Decimal] = field(default_factory=dict)
    """Counted predictions per model in the month so far."""
    budgets: tuple[BudgetStatus, ...] = ()
    aws_forecast: AwsForecast | None = None


def build(sources: Sequence[SourceData], request: Request) -> FinopsReport:
    """The report.

    Raises
    ------
    InputError
        There is no source, or predictions are given of an unknown model.
    """
    unknown = sorted(set(request.predictions) - set(request.environment.models))
    if unknown:
        allowed = ", ".join(request.environment.models) or "none"
        raise InputError(f"there is no model {', '.join(unknown)}", key="--predictions", allowed=allowed)
    return _Builder(sources, request).report()


class _Builder:
    def __init__(self, sources: Sequence[SourceData], request: Request) -> None:
        self._sources = sources
        self._request = request
        self._environment = request.environment
        self._period = request.period
        self._reconciled: Reconciled = reconcile(sources, request.period, today=request.today)
        self._charges = self._reconciled.charges
        self._forecast = Forecast.of(self._charges, request.period, today=request.today)
        known = frozenset(self._forecast.known)
        self._now = [
            one for one in self._charges if one.span.first in known or (one.span.days > 1 and one.span.first >= self._period.first)
        ]

    def report(self) -> FinopsReport:
        environment, forecast = self._environment, self._forecast
        series = self._series()
        moved, found = self._changes(series)
        allocation = next((one for one in self._sources if one.name == self._reconciled.reconciliation.allocation), None)
        uses = allocation.uses if allocation else ()
        total = self._line("everything", self._charges, environment.budgets.monthly_usd)
        teams = self._teams()
        models = self._lines(lambda one: one.subject.model)
        services = self._lines(lambda one: one.subject.service)
        return FinopsReport(
            environment=environment.name,
            account=environment.account,
            organization=environment.organization,
            region=environment.region,
            period=self._period,
            today=self._request.today,
            sources=tuple((source.name, source.rows) for source in self._sources),
            forecast=forecast,
            total=total,
            gpu=self._gpu(),
            teams=teams,
            services=services,
            models=models,
            unallocated=self._line(_NO_TEAM, [one for one in self._charges if one.subject.team is None]),
            unknown_labels=self._unknown_labels(),
            idle=tuple(idle(self._now)),
            efficiency=tuple(efficiencies(uses)),
            movers=moved,
            anomalies=found,
            anomaly_method=method(environment.budgets.anomaly_usd),
            predictions=tuple(self._predictions(models)),
            savings=tuple(savings(uses, self._now, to_month=self._to_month(allocation))),
            accountability=self._accountability(total, teams, models),
            reconciliation=self._reconciled.reconciliation,
            budgets=self._request.budgets,
            aws_forecast=self._request.aws_forecast,
            gaps=tuple(self._gaps()),
            daily={day: series["everything"].get(day, Decimal(0)) for day in forecast.known},
            charges=tuple(self._now),
        )

    def _changes(self, series: Mapping[str, Mapping[date, Decimal]]) -> tuple[tuple[Mover, ...] | None, tuple[Anomaly, ...] | None]:
        """What moved and which days are odd; None where too few days are known."""
        days = sorted({one.span.first for one in self._charges if one.span.days == 1 and one.span.first < self._request.today})
        moved = movers({name: of for name, of in series.items() if name != "everything"}, days, self._period)
        least = self._environment.budgets.anomaly_usd
        found = anomalies(series, days, since=self._period.first, least_usd=least) if len(days) >= LEAST_DAYS else None
        return None if moved is None else tuple(moved), None if found is None else tuple(found)

    def _to_month(self, allocation: SourceData | None) -> Decimal:
        """Scales the days that the allocation knows to a month."""
        days = [day for day in allocation.daily() if self._period.first <= day < self._request.today] if allocation else []
        return Decimal(self._period.length) / len(days) if days else Decimal(0)

    def _gpu(self) -> Line | None:
        charges = self._reconciled.gpu
        return None if charges is None else self._line("GPU instances", charges, self._environment.budgets.gpu_monthly_usd)

    def _line(self, name: str, charges: Sequence[Charge], budget: Decimal | None = None) -> Line:
        return Line(name=name, spent_usd=self._forecast.spent(charges), forecast_usd=self._forecast.month_end(charges), budget_usd=budget)

    def _lines(self, key: Key) -> tuple[Line, ...]:
        lines = [self._line(name, charges) for name, charges in _grouped(self._charges, key).items()]
        return tuple(sorted((line for line in lines if line.spent_usd), key=lambda line: (-line.spent_usd, line.name)))

    def _teams(self) -> tuple[Line, ...]:
        """Every team of the environment, also one that spent nothing."""
        charges = _grouped(self._charges, lambda one: one.subject.team)
        lines = [self._line(team.name, charges.get(team.name, []), team.monthly_budget_usd) for team in self._environment.teams]
        return tuple(sorted(lines, key=lambda line: (-line.spent_usd, line.name)))

    def _series(self) -> dict[str, dict[date, Decimal]]:
        """USD per day of everything, each team, service and model."""
        series: dict[str, dict[date, Decimal]] = {"everything": {}}
        for charge in self._charges:
            if charge.span.days > 1:
                continue
            subject = charge.subject
            names = ["everything", f"team {subject.team or _NO_TEAM}", f"service {subject.service}"]
            for name in names + ([f"model {subject.model}"] if subject.model else []):
                days = series.setdefault(name, {})
                days[charge.span.first] = days.get(charge.span.first, Decimal(0)) + charge.usd
        return series

    def _unknown_labels(self) -> tuple[tuple[str, Decimal], ...]:
        found = _grouped(self._now, lambda one: one.subject.label or None)
        sums = [(label, sum((one.usd for one in charges), Decimal(0))) for label, charges in found.items()]
        return tuple(sorted(sums, key=lambda item: (-item[1], item[0])))

    def _predictions(self, models: Iterable[Line]) -> Iterable[Predictions]:
        spent = {line.name: line.spent_usd for line in models}
        known = Decimal(len(self._forecast.known)) / self._period.length
        for name in self._environment.models:
            counted = self._request.predictions.get(name)
            usage = self._environment.usage.models.get(name)
            assumed = usage.requests * known if usage else Decimal(0)
            requests = assumed if counted is None else counted
            yield Predictions(model=name, spent_usd=spent.get(name, Decimal(0)), requests=requests, assumed=counted is None)

    def _accountability(self, total: Line, teams: Iterable[Line], models: Iterable[Line]) -> Accountability | None:
        estimated = self._request.estimated
        if estimated is None:
            return None
        actual: dict[str, dict[str, Decimal | None]] = {"total": {"everything": total.forecast_usd}}
        services = self._lines(lambda one: billed_service(one.subject))
        for scope, lines in (("team", teams), ("model", models), ("service", services)):
            actual[scope] = {line.name: line.forecast_usd for line in lines}
        return Accountability(date=estimated.date, at_least=estimated.at_least, lines=tuple(accuracies(estimated, actual)))

    def _gaps(self) -> Iterable[Gap]:
        yield from self._reconciled.gaps
        if self._forecast.missing:
            days = ranges(self._forecast.missing)
            yield Gap("days", f"{days}: nothing was charged at all, so this is taken for missing and the forecast fills it in")
        for label, usd in self._unknown_labels():
            yield Gap("labels", f"team label {label!r} names no team of this environment: {usd:.2f} USD are unallocated", partial=False)
        for line in idle(self._now):
            if line.gpu and line.team is None:
                pool = (
                    f"pool {line.pool} is not in the environment"
                    if line.pool
                    else "its node pool is not named, and GPU pools have several owners"
                )
                yield Gap("idle", f"{line.usd:.2f} USD of idle GPUs lands on nobody: {pool}", partial=False)
        if self._reconciled.gpu is None:
            yield Gap(
                "GPU",
                "no row of the bill names a node pool or a GPU instance type: budgets.gpu_monthly_usd is not evaluated",
                partial=False,
            )
        if self._reconciled.reconciliation.bill is None:
            yield Gap("bill", "no bill was read: the figures are the cluster's alone")


def _grouped(charges: Iterable[Charge], key: Key) -> dict[str, list[Charge]]:
    groups: dict[str, list[Charge]] = {}
    for charge in charges:
        name = key(charge)
        if name is not None:
            groups.setdefault(name, []).append(charge)
    return groups
