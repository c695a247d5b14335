"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

import jinja2

from mlctl.finops.money import percent, signed, usd
from mlctl.finops.report import FinopsReport
from mlctl.finops.write.chart import bars, daily_chart, month_chart
from mlctl.finops.write.markdown import aws_opinion


def html(report: FinopsReport) -> str:
    """The page. Everything that comes from a source is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mlctl.finops", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(usd=usd, signed=signed, percent=percent)
    return environment.get_template("report.html.j2").render(
        report=report,
        aws_opinion=aws_opinion(report),
        month=month_chart(report),
        daily=daily_chart(report),
        teams=bars([*report.teams, report.unallocated], "Spend by team"),
        services=bars(report.services, "Spend by service"),
    )
