"""Karpenter node pools as the spend rules read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from policies.property import items, value_at

POOLS = ("kubernetes:karpenter.sh/v1:NodePool",)

_GPU_FAMILY = re.compile(r"^(p\d|g\d|gr\d)")

GPU_POOL: Mapping[str, Any] = {
    "spec": {
        "limits": {"cpu": "96", "nvidia.com/gpu": "4"},
        "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "30m"},
        "template": {
            "spec": {
                "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}],
                "requirements": [
                    {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]},
                    {"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": ["g5"]},
                ],
            }
        },
    }
}


def requirement(props: Mapping[str, Any], key: str) -> list[str]:
    """The values that a pool's requirement allows; none where it has no such requirement."""
    for entry in items(value_at(props, "spec.template.spec.requirements")):
        if entry.get("key") == key and entry.get("operator") == "In":
            return [str(value) for value in items(entry.get("values"))]
    return []


def families_of(props: Mapping[str, Any]) -> list[str]:
    """The EC2 families of a pool, by family or by instance type."""
    types = requirement(props, "node.kubernetes.io/instance-type")
    return requirement(props, "karpenter.k8s.aws/instance-family") or [kind.split(".")[0] for kind in types]


def serves_gpus(props: Mapping[str, Any]) -> bool:
    """Whether its nodes have GPUs: by family, taint or limit."""
    taints = items(value_at(props, "spec.template.spec.taints"))
    limits = value_at(props, "spec.limits") or {}
    gpu_family = any(_GPU_FAMILY.match(family) for family in families_of(props))
    return gpu_family or "nvidia.com/gpu" in limits or any(taint.get("key") == "nvidia.com/gpu" for taint in taints)
