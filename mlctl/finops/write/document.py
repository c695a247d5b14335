"""The report as JSON; amounts are strings, USD."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from mlctl.finops.analysis.anomaly import Anomaly
from mlctl.finops.overview import Across, Overview
from mlctl.finops.report import Accountability, FinopsReport, Line, Predictions


def document(report: FinopsReport) -> dict[str, Any]:
    """Everything the report says."""
    return {
        "environment": report.environment,
        "account": report.account,
        "period": str(report.period),
        "today": report.today.isoformat(),
        "currency": "USD",
        "partial": report.partial,
        "gaps": [{"source": one.source, "what": one.what, "partial": one.partial} for one in report.gaps],
        "sources": [{"name": name, "rows": rows} for name, rows in report.sources],
        "days": {
            "known": len(report.forecast.known),
            "missing": [day.isoformat() for day in report.forecast.missing],
            "to_come": report.forecast.to_come,
        },
        "forecast_method": report.forecast.method,
        "aws_forecast": _aws_forecast(report),
        "total": _line(report.total),
        "gpu": _line(report.gpu) if report.gpu else None,
        "teams": _lines(report.teams),
        "services": _lines(report.services),
        "models": _lines(report.models),
        "unallocated": {**_line(report.unallocated), "share": _text(report.unallocated_share)},
        "unknown_team_labels": [{"label": label, "usd": _text(usd)} for label, usd in report.unknown_labels],
        "over_budget": [line.name for line in report.over],
        "daily": {day.isoformat(): _text(usd) for day, usd in report.daily.items()},
        **_analysis(report),
        "reconciliation": _reconciliation(report),
        "aws_budgets": [
            {
                "name": one.name,
                "limit_usd": _text(one.limit_usd),
                "actual_usd": _text(one.actual_usd),
                "forecast_usd": _text(one.forecast_usd),
            }
            for one in report.budgets
        ],
    }


def overview_document(overview: Overview) -> dict[str, Any]:
    """Several environments: what they sum up to, and each with all it says. One alone is its own document."""
    if len(overview.reports) == 1:
        return document(overview.reports[0])
    return {
        "period": str(overview.period),
        "today": overview.today.isoformat(),
        "currency": "USD",
        "partial": overview.partial,
        "total": _line(overview.total),
        "gpu": _line(overview.gpu) if overview.gpu else None,
        "teams": [_across(one) for one in overview.teams],
        "services": [_across(one) for one in overview.services],
        "models": [_across(one) for one in overview.models],
        "over_budget": [{"environment": environment, "name": line.name} for environment, line in overview.over],
        "environments": [document(report) for report in overview.reports],
    }


def _across(one: Across) -> dict[str, Any]:
    return {**_line(one.line), "by_environment": {name: _text(line.spent_usd) for name, line in one.by_environment.items()}}


def _aws_forecast(report: FinopsReport) -> dict[str, Any] | None:
    """A second opinion on the month; the gate goes by ours."""
    found = report.aws_forecast
    if found is None:
        return None
    spent = report.total.spent_usd
    return {
        "month_usd": _text(report.aws_month_usd),
        "low_usd": _text(spent + found.low_usd),
        "high_usd": _text(spent + found.high_usd),
        "method": found.method,
    }


def _analysis(report: FinopsReport) -> dict[str, Any]:
    return {
        "idle": [{"team": one.team, "pool": one.pool, "gpu": one.gpu, "usd": _text(one.usd)} for one in report.idle],
        "efficiency": [
            {"team": one.name, "usd": _text(one.usd), "cpu": _text(one.cpu), "memory": _text(one.ram), "gpu": _text(one.gpu)}
            for one in report.efficiency
        ],
        "movers": None if report.movers is None else [
            {"name": one.name, "before_usd_a_day": _text(one.before_usd), "now_usd_a_day": _text(one.now_usd), "share": _text(one.share)}
            for one in report.movers
        ],
        "anomalies": None if report.anomalies is None else [_anomaly(one) for one in report.anomalies],
        "anomaly_method": report.anomaly_method,
        "predictions": [_predictions(one) for one in report.predictions],
        "savings": [{"what": one.what, "team": one.team, "usd_month": _text(one.usd_month), "how": one.how} for one in report.savings],
        "estimated_against_actual": _accountability(report.accountability),
    }  # fmt: skip


def _anomaly(one: Anomaly) -> dict[str, Any]:
    return {
        "name": one.name,
        "first": one.first.isoformat(),
        "last": one.last.isoformat(),
        "usd": _text(one.usd),
        "usual_usd": _text(one.usual_usd),
        "impact_usd": _text(one.impact_usd),
        "score": _text(one.score),
    }


def _predictions(one: Predictions) -> dict[str, Any]:
    return {
        "model": one.model,
        "spent_usd": _text(one.spent_usd),
        "requests": _text(one.requests),
        "assumed": one.assumed,
        "usd_per_thousand": _text(one.usd_per_thousand),
    }


def _accountability(found: Accountability | None) -> dict[str, Any] | None:
    if found is None:
        return None
    lines = [
        {
            "scope": one.scope,
            "name": one.name,
            "estimated_usd": _text(one.estimated_usd),
            "actual_usd": _text(one.actual_usd),
            "share": _text(one.share),
        }
        for one in found.lines
    ]
    return {"date": found.date, "at_least": found.at_least, "lines": lines}


def _reconciliation(report: FinopsReport) -> dict[str, Any]:
    figures = report.reconciliation
    return {
        "bill": figures.bill,
        "allocation": figures.allocation,
        "billed_usd": _text(figures.billed_usd),
        "nodes_usd": _text(figures.nodes_usd),
        "unsplit_usd": _text(figures.unsplit_usd),
        "allocated_usd": _text(figures.allocated_usd),
        "idle_usd": _text(figures.idle_usd),
        "shared_usd": _text(figures.shared_usd),
        "difference_usd": _text(figures.difference_usd),
        "not_added": [{"name": name, "usd": _text(usd)} for name, usd in figures.others],
    }


def _lines(lines: Iterable[Line]) -> list[dict[str, Any]]:
    return [_line(line) for line in lines]


def _line(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "spent_usd": _text(line.spent_usd),
        "forecast_usd": _text(line.forecast_usd),
        "budget_usd": _text(line.budget_usd),
        "over": line.over,
    }


def _text(number: Decimal | None) -> str | None:
    """Plain digits, at most six after the point."""
    return None if number is None else f"{number:.6f}".rstrip("0").rstrip(".") or "0"
