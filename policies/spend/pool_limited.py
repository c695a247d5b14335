"""A GPU pool cannot grow without end."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import value_at
from policies.rule import resource_rule
from policies.spend.pools import GPU_POOL, POOLS, serves_gpus


@resource_rule(
    id="spend-pool-limited",
    title="Every node pool has a ceiling, GPU pools on GPUs too",
    severity=Severity.CRITICAL,
    types=POOLS,
    why="The ceiling is the only thing between a loop that submits jobs and the bill.",
    remediation="Set limits.cpu (and limits.gpus for a GPU pool) of the pool in the environment file.",
    allowed=GPU_POOL,
    disallowed={**GPU_POOL, "spec": {**GPU_POOL["spec"], "limits": {"cpu": "96"}}},
)
def pool_limited(args: ResourceValidationArgs) -> Iterator[str]:
    limits = value_at(args.props, "spec.limits") or {}
    wanted = ["cpu", "nvidia.com/gpu"] if serves_gpus(args.props) else ["cpu"]
    missing = [key for key in wanted if key not in limits]
    if missing:
        yield f"has no limit on {', '.join(missing)}"
