"""What a pool's configuration becomes in Karpenter's terms, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from infra.cluster.node_pools import NodePoolArgs, node_labels, node_pool_spec, requirements, taints
from mlctl.config.cluster import NodePool
from mlctl.config.team import Team

TEAM = Team(
    name="lending",
    cost_centre="CC-1",
    email="a@b.example",
    monthly_budget_usd=1,  # type: ignore[arg-type]
    gpu_quota=1,
    cpu_quota=1,
    memory_quota_gib=1,
)
ZONES = ("eu-west-1a", "eu-west-1b")


def pool(**changes: Any) -> NodePool:
    settings: dict[str, Any] = {
        "name": "gpu-training",
        "kind": "gpu",
        "team": "lending",
        "purpose": "training",
        "capacity": "spot",
        "instance_families": ["g5", "g6"],
        "instance_sizes": ["xlarge"],
        "limits": {"cpu": 16, "memory_gib": 64, "gpus": 2},
    }
    return NodePool(**settings | changes)


def spec(item: NodePool) -> dict[str, Any]:
    args = NodePoolArgs(
        pool=item,
        team=TEAM,
        cluster_name="acme-test",
        zones=ZONES,
        subnet_ids=["subnet-1"],
        security_group_id="sg-1",
        node_role_name="node",
        disk_key_arn="arn:key",
    )
    return node_pool_spec(args)


def test_every_requirement_is_one_list_of_allowed_values() -> None:
    assert {item["key"]: item["values"] for item in requirements(pool(), ZONES)} == {
        "kubernetes.io/os": ["linux"],
        "kubernetes.io/arch": ["amd64"],
        "karpenter.sh/capacity-type": ["spot"],
        "karpenter.k8s.aws/instance-family": ["g5", "g6"],
        "karpenter.k8s.aws/instance-size": ["xlarge"],
        "topology.kubernetes.io/zone": ["eu-west-1a", "eu-west-1b"],
    }


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ({"capacity": "on-demand"}, "karpenter.sh/capacity-type", ["on-demand"]),
        ({"capacity": "reserved"}, "karpenter.sh/capacity-type", ["reserved"]),
        ({"architecture": "arm64"}, "kubernetes.io/arch", ["arm64"]),
        ({"zones": ["eu-west-1b"]}, "topology.kubernetes.io/zone", ["eu-west-1b"]),
    ],
)
def test_a_switch_changes_its_own_requirement_alone(change: dict[str, Any], key: str, value: list[str]) -> None:
    before = {item["key"]: item["values"] for item in requirements(pool(), ZONES)}
    after = {item["key"]: item["values"] for item in requirements(pool(**change), ZONES)}
    assert after == before | {key: value}


def test_a_gpu_pool_is_tainted_and_limited_in_gpus() -> None:
    assert taints(pool()) == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    assert spec(pool())["limits"] == {"cpu": "16", "memory": "64Gi", "nvidia.com/gpu": "2"}


def test_a_cpu_pool_has_neither_unless_configured() -> None:
    cpu = {"kind": "cpu", "instance_families": ["m6i"], "limits": {"cpu": 8, "memory_gib": 32}}
    assert taints(pool(**cpu)) == []
    assert spec(pool(**cpu))["limits"] == {"cpu": "8", "memory": "32Gi"}
    own = pool(**cpu, taints=[{"key": "batch", "effect": "NoExecute"}])
    assert taints(own) == [{"key": "batch", "value": "true", "effect": "NoExecute"}]


def test_disruption_protects_long_training_as_configured() -> None:
    protected = pool(
        consolidation="WhenEmpty",
        consolidate_after="30m",
        disruption_budget="0",
        expire_after="336h",
        termination_grace_period="2h",
        weight=70,
    )
    made = spec(protected)
    assert made["disruption"] == {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "30m", "budgets": [{"nodes": "0"}]}
    assert (made["template"]["spec"]["expireAfter"], made["template"]["spec"]["terminationGracePeriod"]) == ("336h", "2h")
    assert made["weight"] == 70


def test_nodes_say_who_pays_and_a_label_of_the_pool_cannot_change_that() -> None:
    assert node_labels(pool(labels={"team": "other", "tier": "a"}), TEAM) == {
        "tier": "a",
        "team": "lending",
        "cost-centre": "CC-1",
        "node-pool": "gpu-training",
        "purpose": "training",
    }
