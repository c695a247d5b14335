"""Somebody is told when the spend changes its shape."""

from __future__ import annotations

from collections.abc import Iterator

from mlctl.finding import Severity
from policies.rule import Part, stack_rule
from policies.stack import Stack

_MONITOR, _SUBSCRIPTION = "aws:costexplorer/anomalyMonitor:AnomalyMonitor", "aws:costexplorer/anomalySubscription:AnomalySubscription"


_SERVICES = Part(type=_MONITOR, name="services", props={"monitorType": "DIMENSIONAL"})
_TEAMS = tuple(
    Part(type=_MONITOR, name=team, props={"monitorType": "CUSTOM", "monitorSpecification": f'{{"Tags": {{"Values": ["{team}"]}}}}'})
    for team in ("platform", "lending")
)
_TOLD = Part(type=_SUBSCRIPTION, name="told", refers={"monitorArnLists": ("services", "platform", "lending")})


@stack_rule(
    id="spend-anomalies-watched",
    title="Cost anomalies of services and teams are watched and reported",
    severity=Severity.MEDIUM,
    types=(_MONITOR,),
    related=(_SUBSCRIPTION,),
    stack="finops",
    why="A budget sees the sum; an anomaly shows the leak while it is small.",
    remediation="Add an aws.costexplorer.AnomalyMonitor of type DIMENSIONAL, one per team, and an AnomalySubscription that names them.",
    allowed=(_SERVICES, *_TEAMS, _TOLD),
    disallowed=(_SERVICES, *_TEAMS),
)
def anomalies_watched(stack: Stack) -> Iterator[str]:
    monitors = stack.resources(_MONITOR)
    if not any(monitor.props.get("monitorType") == "DIMENSIONAL" for monitor in monitors):
        yield "no monitor watches the services"
    specifications = [str(monitor.props.get("monitorSpecification")) for monitor in monitors]
    for team in stack.settings.teams:
        if not any(f'"{team}"' in specification for specification in specifications):
            yield f"no monitor watches team {team}"
    for monitor in monitors:
        if not stack.pointing_at(monitor, _SUBSCRIPTION, "monitorArnLists"):
            yield f"nobody is told what the monitor {monitor.name} sees"
