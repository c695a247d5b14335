"""Several environments of one month side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mlctl.finops.period import Period
from mlctl.finops.report import FinopsReport, Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Across:
    """One name in all environments together, and in each that knows it."""

    line: Line
    by_environment: Mapping[str, Line]


@dataclass(frozen=True, slots=True)
class Overview:
    """Environments are accounts of their own, so their money adds up."""

    reports: tuple[FinopsReport, ...]
    """At least one; all of the same period."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.environment for one in self.reports)

    @property
    def period(self) -> Period:
        return self.reports[0].period

    @property
    def today(self) -> date:
        return self.reports[0].today

    @property
    def partial(self) -> bool:
        return any(one.partial for one in self.reports)

    @property
    def total(self) -> Line:
        return _sum("everything", [one.total for one in self.reports])

    @property
    def gpu(self) -> Line | None:
        found = [one.gpu for one in self.reports if one.gpu]
        return _sum("GPU instances", found) if found else None

    @property
    def unallocated(self) -> Line:
        return _sum(self.reports[0].unallocated.name, [one.unallocated for one in self.reports])

    @property
    def environments(self) -> tuple[Line, ...]:
        """The total of each, by its name."""
        return tuple(
            Line(name=one.environment, spent_usd=one.total.spent_usd, forecast_usd=one.total.forecast_usd, budget_usd=one.total.budget_usd)
            for one in self.reports
        )

    @property
    def teams(self) -> tuple[Across, ...]:
        return self._across({one.environment: (*one.teams, one.unallocated) for one in self.reports})

    @property
    def services(self) -> tuple[Across, ...]:
        return self._across({one.environment: one.services for one in self.reports})

    @property
    def models(self) -> tuple[Across, ...]:
        return self._across({one.environment: one.models for one in self.reports})

    @property
    def over(self) -> tuple[tuple[str, Line], ...]:
        """(environment, budget that its forecast exceeds)."""
        return tuple((one.environment, line) for one in self.reports for line in one.over)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Environments without a forecast: what was not evaluated has not passed."""
        return tuple(one.environment for one in self.reports if one.total.forecast_usd is None)

    def _across(self, lines: Mapping[str, Iterable[Line]]) -> tuple[Across, ...]:
        found: dict[str, dict[str, Line]] = {}
        for environment, those in lines.items():
            for line in those:
                found.setdefault(line.name, {})[environment] = line
        sums = [Across(line=_sum(name, list(parts.values())), by_environment=parts) for name, parts in found.items()]
        return tuple(sorted(sums, key=lambda one: (-one.line.spent_usd, one.line.name)))


def _sum(name: str, lines: Sequence[Line]) -> Line:
    """The lines together: a forecast where each has one, a budget where any has."""
    forecasts = [line.forecast_usd for line in lines if line.forecast_usd is not None]
    budgets = [line.budget_usd for line in lines if line.budget_usd is not None]
    return Line(
        name=name,
        spent_usd=sum((line.spent_usd for line in lines), Decimal(0)),
        forecast_usd=sum(forecasts, Decimal(0)) if len(forecasts) == len(lines) else None,
        budget_usd=sum(budgets, Decimal(0)) if budgets else None,
    )
