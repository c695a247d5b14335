"""NVIDIA's device plugin: makes GPUs a resource that pods can ask for."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from infra.charts import NVIDIA_DEVICE_PLUGIN, release
from infra.cluster.node_pools import GPU_TAINT
from mlctl.config.cluster import NodePool


def device_plugin(pools: list[NodePool], opts: pulumi.ResourceOptions) -> kubernetes.helm.v3.Release:
    """The plugin on the nodes of the GPU pools, which it finds by the pools' names and whose taints it tolerates."""
    names = {"key": "node-pool", "operator": "In", "values": [pool.name for pool in pools]}
    taints = {(taint.key, taint.effect) for pool in pools for taint in pool.taints}
    extra = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in sorted(taints)]
    gpu = {"key": GPU_TAINT["key"], "operator": "Exists", "effect": GPU_TAINT["effect"]}
    values = {
        "affinity": {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [names]}]}}
        },
        "tolerations": [gpu, *extra],
        "priorityClassName": "system-node-critical",
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    }
    return release(NVIDIA_DEVICE_PLUGIN, namespace="kube-system", values=values, opts=opts)
