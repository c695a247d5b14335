"""The report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from decimal import Decimal

from markupsafe import Markup

from mlctl.diagram.svg import architecture_svg
from mlctl.finding import Status
from mlctl.page import page_template
from mlctl.report.as_json import services
from mlctl.report.chart import cost_bars
from mlctl.report.model import EnvironmentReport, Report, Spend, short_name, signed_usd, usd


def html_report(report: Report) -> str:
    """The page. Everything that comes from a program is escaped."""
    page = page_template("mlctl.report", "check.html.j2", usd=usd, signed_usd=signed_usd, short_name=short_name)
    return page.render(report=report, views=[_view(item) for item in report.environments], Status=Status)


def _view(environment: EnvironmentReport) -> dict[str, object]:
    """What the template cannot work out for itself."""
    cost = environment.cost
    team_bars = service_bars = Markup("")
    if cost:
        total = Spend(name="whole environment", monthly_usd=cost.monthly_usd, budget_usd=cost.budget_usd)
        team_bars = Markup(cost_bars([total, *cost.teams], title=f"Cost of {environment.name} by team"))  # noqa: S704
        priced = [spend for spend in cost.services if spend.monthly_usd > Decimal("0.005")]
        service_bars = Markup(cost_bars(priced, title=f"Cost of {environment.name} by service"))  # noqa: S704
    return {
        "environment": environment,
        "counts": environment.counts(),
        "resources": sum(resource.custom and resource.package != "pulumi" for resource in environment.plan.resources()),
        "services": services(environment),
        "team_bars": team_bars,
        "service_bars": service_bars,
        "diagram": Markup(architecture_svg(environment.plan)),  # noqa: S704
        "blocking": [finding for finding in environment.findings if finding.blocks],
        "other": [finding for finding in environment.findings if not finding.blocks],
    }
