"""The report as Markdown: for an issue, a wiki or a step summary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mlctl.finops.money import percent, signed, usd
from mlctl.finops.overview import Across, Overview
from mlctl.finops.report import FinopsReport, Line

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#|!~@])")


def markdown(report: FinopsReport) -> str:
    """The page. Text from a source cannot format, link or mention."""
    parts = [
        f"# Cost of {report.environment}, {report.period}",
        f"As of {report.today}: {len(report.forecast.known)} of {report.period.length} days known.",
        *(
            f"**Over budget:** {_text(line.name)} is forecast at {usd(line.forecast_usd)}, its budget is {usd(line.budget_usd)}."
            for line in report.over
        ),
        _gaps(report),
        _table(("", "spent", "forecast", "budget"), _money(report)),
        report.forecast.method,
        aws_opinion(report),
        "## By service",
        _table(("service", "spent", "forecast"), ((line.name, usd(line.spent_usd), usd(line.forecast_usd)) for line in report.services)),
        *_models(report),
        *_cluster(report),
        *_changes(report),
        *_savings(report),
        *_estimated(report),
        "## Do the sources agree?",
        _table(("", "USD"), _agreement(report)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def overview_markdown(overview: Overview) -> str:
    """Several environments: the sums, then each. One alone is its own page."""
    pages = [markdown(report) for report in overview.reports]
    if len(pages) == 1:
        return pages[0]
    names = overview.names
    parts = [
        f"# Cost of {', '.join(names)}, {overview.period}",
        *(
            f"**Over budget:** {_text(environment)}, {_text(line.name)} is forecast at {usd(line.forecast_usd)}, "
            f"its budget is {usd(line.budget_usd)}."
            for environment, line in overview.over
        ),
        _table(("environment", "spent", "forecast", "budget"), (_cells(line) for line in (*overview.environments, overview.total))),
        "## By team, in each environment",
        _matrix("team", overview.teams, names),
        "## By service, in each environment",
        _matrix("service", overview.services, names),
        "## By model, in each environment",
        _matrix("model", overview.models, names),
        *pages,
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _cells(line: Line) -> Sequence[str]:
    return line.name, usd(line.spent_usd), usd(line.forecast_usd) + (" ⚠" if line.over else ""), usd(line.budget_usd)


def _matrix(what: str, rows: Iterable[Across], names: Sequence[str]) -> str:
    """What was spent, by environment; a dash where an environment does not know the name."""
    cells = []
    for row in rows:
        each = [usd(row.by_environment[name].spent_usd) if name in row.by_environment else "–" for name in names]
        cells.append((row.line.name, *each, usd(row.line.spent_usd), usd(row.line.forecast_usd)))
    return _table((what, *names, "all", "forecast"), cells)


def aws_opinion(report: FinopsReport) -> str:
    """AWS's forecast in a sentence; empty where there is none."""
    found = report.aws_forecast
    if found is None:
        return ""
    spent = report.total.spent_usd
    bounds = f"{usd(spent + found.low_usd)} to {usd(spent + found.high_usd)}"
    return f"AWS expects {usd(report.aws_month_usd)} ({bounds}). {found.method} The gate goes by ours."


def _gaps(report: FinopsReport) -> str:
    if not report.gaps:
        return ""
    head = "**Partial: something is missing from these figures.**" if report.partial else "To know:"
    notes = (f"- {_text(gap.source)}: {_text(gap.what)}{'' if gap.partial else ' (totals are complete)'}" for gap in report.gaps)
    return "\n".join([head, "", *notes])


def _money(report: FinopsReport) -> Iterable[Sequence[str]]:
    for line in (report.total, *((report.gpu,) if report.gpu else ()), *report.teams, report.unallocated):
        yield _cells(line)
    for label, amount in report.unknown_labels:
        yield f"of which labelled {label}", usd(amount), "", ""


def _models(report: FinopsReport) -> Iterable[str]:
    yield "## By model"
    rows = []
    for one in report.predictions:
        each = f"${one.usd_per_thousand:.4f}" if one.usd_per_thousand is not None else "–"
        rows.append((one.model, usd(one.spent_usd), f"{one.requests:,.0f}{' (assumed)' if one.assumed else ''}", each))
    yield _table(("model", "spent", "predictions", "per thousand"), rows)


def _cluster(report: FinopsReport) -> Iterable[str]:
    if report.reconciliation.allocation is None:
        return
    yield "## Idle and efficiency"
    rows = ((one.team or "nobody", one.pool or "not named", "GPU" if one.gpu else "CPU and memory", usd(one.usd)) for one in report.idle)
    yield _table(("owner of the pool", "pool", "what is idle", "spent"), rows)
    shares = ((one.name, usd(one.usd), percent(one.cpu), percent(one.ram), percent(one.gpu)) for one in report.efficiency)
    yield _table(("team", "workloads cost", "CPU", "memory", "GPU"), shares)


def _changes(report: FinopsReport) -> Iterable[str]:
    yield "## What moved"
    if report.movers is None:
        yield f"Not evaluated: {report.period.previous} or this month has no known day."
    else:
        rows = ((one.name, usd(one.before_usd), usd(one.now_usd), signed(one.change_usd)) for one in report.movers)
        yield _table(("what", f"a day in {report.period.previous}", "a day now", "change"), rows)
    yield "## Odd days"
    if report.anomalies is None:
        yield "Not evaluated: fewer than seven known days."
    else:
        days = ((one.name, f"{one.first} to {one.last}", usd(one.usual_usd), signed(one.impact_usd)) for one in report.anomalies)
        yield _table(("what", "days", "usual day", "impact"), days)
    yield report.anomaly_method


def _savings(report: FinopsReport) -> Iterable[str]:
    yield "## What would save money"
    rows = ((one.what, one.team or "–", one.how, usd(one.usd_month)) for one in report.savings[:20])
    yield _table(("what", "team", "how", "a month, at most"), rows)


def _estimated(report: FinopsReport) -> Iterable[str]:
    if report.accountability is None:
        return
    yield f"## Estimated ({report.accountability.date}) against actual"
    lines = report.accountability.lines
    rows = ((one.scope, one.name, usd(one.estimated_usd), usd(one.actual_usd), percent(one.share)) for one in lines)
    yield _table(("", "name", "estimated", "forecast", "off by"), rows)


def _agreement(report: FinopsReport) -> Iterable[Sequence[str]]:
    figures = report.reconciliation
    if figures.bill:
        yield f"billed in all ({figures.bill})", usd(figures.billed_usd)
    if figures.allocation:
        yield f"allocated to workloads ({figures.allocation})", usd(figures.allocated_usd)
        yield "idle", usd(figures.idle_usd)
        yield "shared", usd(figures.shared_usd)
    if figures.split:
        yield "billed for the cluster's nodes", usd(figures.nodes_usd)
        if figures.unsplit_usd:
            yield "of it not split up", usd(figures.unsplit_usd)
        yield "difference on the days that both know", signed(figures.difference_usd)
    for name, amount in figures.others:
        yield f"{name}, not added", usd(amount)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(_text(cell) for cell in row)} |" for row in rows]
    if not lines:
        return "None."
    return "\n".join([f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |", *lines])


def _text(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
