"""Karpenter's node pools, one per entry of the configuration, each with a node class of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from mlctl.config.cluster import NodePool
from mlctl.config.team import Team

IMAGE = "al2023@v20260903"
"""Amazon Linux 2023 for EKS, no older than the Kubernetes version: https://github.com/awslabs/amazon-eks-ami/releases.

Karpenter takes the variant with NVIDIA drivers by itself where an instance has GPUs.
"""

GPU_TAINT = {"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}

# A node pool is gone only when its nodes are: whoever deletes it waits for them.
_WAIT = {"pulumi.com/deletionPropagationPolicy": "foreground"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePoolArgs:
    """A pool and the surroundings of its nodes."""

    pool: NodePool
    team: Team
    cluster_name: str
    zones: Sequence[str]
    """The network's zones: where the pool names none."""
    subnet_ids: pulumi.Input[Sequence[str]]
    security_group_id: pulumi.Input[str]
    node_role_name: pulumi.Input[str]
    disk_key_arn: pulumi.Input[str]
    tags: dict[str, str] = field(default_factory=dict)
    """Tags of instances and disks; Karpenter makes them, so the provider's default tags do not reach them."""


class Pool(pulumi.ComponentResource):
    """Creates an EC2NodeClass (image, network, encrypted gp3 disk, IMDSv2 with hop limit 1, tags of the team that pays) and the
    NodePool.
    """

    def __init__(self, name: str, args: NodePoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:Pool", name, {}, opts)
        pool = args.pool
        metadata = {"name": pool.name, "labels": labels(pool.name, args.team), "annotations": _WAIT}
        node_class = kubernetes.apiextensions.CustomResource(
            f"{name}-class",
            api_version="karpenter.k8s.aws/v1",
            kind="EC2NodeClass",
            metadata=metadata,
            spec=node_class_spec(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.node_pool = kubernetes.apiextensions.CustomResource(
            f"{name}-pool",
            api_version="karpenter.sh/v1",
            kind="NodePool",
            metadata=metadata,
            spec=node_pool_spec(args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[node_class]),
        )
        self.register_outputs({"name": pool.name})


def node_class_spec(args: NodePoolArgs) -> dict[str, Any]:
    """How a node of the pool is made."""
    pool = args.pool
    disk = {
        "volumeType": "gp3",
        "volumeSize": f"{pool.disk_gib}Gi",
        "encrypted": True,
        "kmsKeyID": args.disk_key_arn,
        "deleteOnTermination": True,
    }
    spec: dict[str, Any] = {
        "amiSelectorTerms": [{"alias": IMAGE}],
        "role": args.node_role_name,
        "subnetSelectorTerms": pulumi.Output.from_input(args.subnet_ids).apply(lambda ids: [{"id": subnet} for subnet in ids]),
        "securityGroupSelectorTerms": [{"id": args.security_group_id}],
        "associatePublicIPAddress": False,
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "rootVolume": True, "ebs": disk}],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpProtocolIPv6": "disabled",
            "httpPutResponseHopLimit": 1,
            "httpTokens": "required",
        },
        "detailedMonitoring": True,
        "tags": {**args.tags, "team": args.team.name, "cost-centre": args.team.cost_centre, "node-pool": pool.name},
    }
    if pool.capacity == "reserved":
        spec["capacityReservationSelectorTerms"] = [{"tags": {"node-pool": pool.name, "cluster": args.cluster_name}}]
    return spec


def node_pool_spec(args: NodePoolArgs) -> dict[str, Any]:
    """Which nodes, how many, and when one is taken away."""
    pool = args.pool
    node = {
        "metadata": {"labels": node_labels(pool, args.team)},
        "spec": {
            "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": pool.name},
            "requirements": requirements(pool, args.zones),
            "taints": taints(pool),
            "expireAfter": pool.expire_after,
            "terminationGracePeriod": pool.termination_grace_period,
        },
    }
    limits = {"cpu": str(pool.limits.cpu), "memory": f"{pool.limits.memory_gib}Gi"}
    if pool.kind == "gpu":
        limits["nvidia.com/gpu"] = str(pool.limits.gpus)
    return {
        "template": node,
        "limits": limits,
        "weight": pool.weight,
        "disruption": {
            "consolidationPolicy": pool.consolidation,
            "consolidateAfter": pool.consolidate_after,
            "budgets": [{"nodes": pool.disruption_budget}],
        },
    }


def node_labels(pool: NodePool, team: Team) -> dict[str, str]:
    """Labels of the pool's nodes: who pays, and what pods select by."""
    return {**pool.labels, "team": team.name, "cost-centre": team.cost_centre, "node-pool": pool.name, "purpose": pool.purpose}


def requirements(pool: NodePool, zones: Sequence[str]) -> list[dict[str, Any]]:
    """The instances that may serve the pool."""
    allowed = {
        "kubernetes.io/os": ["linux"],
        "kubernetes.io/arch": [pool.architecture],
        "karpenter.sh/capacity-type": [pool.capacity],
        "karpenter.k8s.aws/instance-family": list(pool.instance_families),
        "karpenter.k8s.aws/instance-size": list(pool.instance_sizes),
        "topology.kubernetes.io/zone": list(pool.zones or zones),
    }
    return [{"key": key, "operator": "In", "values": values} for key, values in allowed.items()]


def taints(pool: NodePool) -> list[dict[str, str]]:
    """What pods must tolerate: the GPU taint first, then the pool's own."""
    own = [{"key": taint.key, "value": taint.value, "effect": taint.effect} for taint in pool.taints]
    return [GPU_TAINT, *own] if pool.kind == "gpu" else own
