"""Idle nodes go away."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, value_at
from policies.rule import resource_rule
from policies.spend.pools import GPU_POOL, POOLS


@resource_rule(
    id="spend-pool-consolidated",
    title="Node pools give idle nodes back",
    severity=Severity.HIGH,
    types=POOLS,
    why="An idle GPU node costs as much as a busy one.",
    remediation="Set disruption.consolidation_policy and consolidate_after; never `Never`.",
    allowed=GPU_POOL,
    disallowed={"spec": {"disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "Never"}}},
)
def pool_consolidated(args: ResourceValidationArgs) -> Iterator[str]:
    if not given(args.props, "spec.disruption.consolidationPolicy"):
        yield "has no consolidation policy"
    elif value_at(args.props, "spec.disruption.consolidateAfter") in (None, "Never"):
        yield "never gives an idle node back"
