"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

from mlctl.finops.money import percent, signed, usd
from mlctl.finops.overview import Overview
from mlctl.finops.report import FinopsReport
from mlctl.finops.write.chart import bars, daily_chart, month_chart
from mlctl.finops.write.markdown import aws_opinion
from mlctl.page import page_template

_AFTER = re.compile(r"(/|[^\s/]{24})(?=\S)")
_HERE = "\N{ZERO WIDTH SPACE}"


def html(*reports: FinopsReport) -> str:
    """The page of one environment, or of several with an overview before them. Everything that comes from a source is escaped."""
    page = page_template("mlctl.finops", "report.html.j2", usd=usd, signed=signed, percent=percent, breakable=breakable)
    overview = Overview(reports)
    return page.render(
        overview=overview,
        chart=bars(overview.environments, "Spend by environment"),
        pages=[_page(report) for report in reports],
    )


def _page(report: FinopsReport) -> dict[str, Any]:
    return {
        "report": report,
        "aws_opinion": aws_opinion(report),
        "month": month_chart(report),
        "daily": daily_chart(report),
        "teams": bars([*report.teams, report.unallocated], "Spend by team"),
        "services": bars(report.services, "Spend by service"),
    }


def breakable(name: str) -> Markup:
    """A name, escaped, that may go on in the next line after a slash, and where it is very long anywhere."""
    marked = escape(_AFTER.sub(rf"\1{_HERE}", name))
    return Markup(marked.replace(_HERE, Markup("<wbr>")))  # noqa: S704  escaped above
