"""Development sleeps at night."""

from __future__ import annotations

from collections.abc import Iterator

from mlctl.finding import Severity
from policies.rule import stack_rule
from policies.stack import Stack


@stack_rule(
    id="spend-off-hours",
    title="Development has off-hours",
    severity=Severity.LOW,
    types=(),
    stack="finops",
    why="A week has 168 hours and people work 40 of them.",
    remediation="Set schedules.off_hours, for example off=(M-F,19);on=(M-F,7);tz=UTC, and off_hours: true on pools that may stop.",
    allowed={"schedules": {"off_hours": "off=(M-F,19);on=(M-F,7);tz=Europe/Dublin"}},
    disallowed={"schedules": {"off_hours": None}},
    sample_settings={"tier": "development"},
)
def off_hours(stack: Stack) -> Iterator[str]:
    settings = stack.settings
    stopping = [name for name, pool in settings.node_pools.items() if pool["off_hours"]]
    if settings.schedules["off_hours"] is None:
        if settings.development:
            yield "schedules.off_hours is not set"
        if stopping:
            yield f"pools {', '.join(stopping)} want off-hours but schedules.off_hours is not set"
