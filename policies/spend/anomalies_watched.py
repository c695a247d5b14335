"""Somebody is told when the spend changes its shape."""

from __future__ import annotations

from collections.abc import Iterator

from mlctl.finding import Severity
from policies.rule import Part, stack_rule
from policies.stack import Stack

_MONITOR, _SUBSCRIPTION = "aws:costexplorer/anomalyMonitor:AnomalyMonitor", "aws:costexplorer/anomalySubscription:AnomalySubscription"


@stack_rule(
    id="spend-anomalies-watched",
    title="Cost anomalies are watched and reported",
    severity=Severity.MEDIUM,
    types=(_MONITOR,),
    related=(_SUBSCRIPTION,),
    stack="finops",
    why="A budget sees the sum; an anomaly shows the leak while it is small.",
    remediation="Add an aws.costexplorer.AnomalyMonitor and an AnomalySubscription.",
    allowed=(Part(type=_MONITOR, name="m"), Part(type=_SUBSCRIPTION, name="s")),
    disallowed=(Part(type=_MONITOR, name="m"),),
)
def anomalies_watched(stack: Stack) -> Iterator[str]:
    for kind in (_MONITOR, _SUBSCRIPTION):
        if not stack.resources(kind):
            yield f"there is no {kind.rpartition(':')[2]}"
