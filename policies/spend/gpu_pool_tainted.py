"""Only work that needs a GPU runs on one."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import items, value_at
from policies.rule import resource_rule
from policies.spend.pools import GPU_POOL, POOLS, serves_gpus


@resource_rule(
    id="spend-gpu-pool-tainted",
    title="GPU pools keep other pods off",
    severity=Severity.HIGH,
    types=POOLS,
    why="An ordinary pod on a GPU node keeps it alive at twenty times the price.",
    remediation="Set kind: gpu for the pool; it gets the taint nvidia.com/gpu:NoSchedule.",
    allowed=GPU_POOL,
    disallowed={
        "spec": {
            "template": {"spec": {"requirements": [{"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": ["g5"]}]}},
            "limits": {"cpu": "96", "nvidia.com/gpu": "4"},
        }
    },
)
def gpu_pool_tainted(args: ResourceValidationArgs) -> Iterator[str]:
    if not serves_gpus(args.props):
        return
    taints = items(value_at(args.props, "spec.template.spec.taints"))
    if not any(taint.get("key") == "nvidia.com/gpu" and taint.get("effect") in ("NoSchedule", "NoExecute") for taint in taints):
        yield "has no taint nvidia.com/gpu:NoSchedule"
