"""Development runs on spot."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule
from policies.settings import Settings
from policies.spend.pools import GPU_POOL, POOLS, requirement


@resource_rule(
    id="spend-pool-spot",
    title="Node pools of development run on spot",
    severity=Severity.MEDIUM,
    types=POOLS,
    why="Spot costs about a third, and an interrupted experiment is repeated.",
    remediation="Set capacity: spot for the pool in the environment file.",
    allowed=GPU_POOL,
    disallowed={
        "spec": {"template": {"spec": {"requirements": [{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]}]}}}
    },
    sample_settings={"tier": "development"},
)
def pool_spot(args: ResourceValidationArgs) -> Iterator[str]:
    capacity = requirement(args.props, "karpenter.sh/capacity-type")
    if Settings(args.get_config()).development and capacity != ["spot"]:
        yield f"buys {', '.join(capacity) or 'any capacity'}"
