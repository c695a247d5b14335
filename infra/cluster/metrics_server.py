"""metrics-server: CPU and memory of pods, for autoscaling and `kubectl top`."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from infra.charts import METRICS_SERVER, release


def metrics_server(opts: pulumi.ResourceOptions) -> kubernetes.helm.v3.Release:
    """Two replicas on different nodes, one of which always stays up."""
    values = {
        "replicas": 2,
        "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
        "resources": {"requests": {"cpu": "100m", "memory": "200Mi"}, "limits": {"memory": "400Mi"}},
    }
    return release(METRICS_SERVER, namespace="kube-system", values=values, opts=opts)
