"""NetworkPolicies of a team's namespace: nothing is allowed but what is listed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PLATFORM = ("argo", "knative-serving", "kourier-system", "kserve", "kuberay", "mlflow", "monitoring")
"""Namespaces of the platform that call the teams' pods, or are called by them."""

METADATA = "169.254.169.254/32"
"""The instance metadata service: no pod has business there."""

POD_IDENTITY = "169.254.170.23/32"
"""The Pod Identity agent, where pods get their AWS credentials (port 80)."""

_NOT_SERVED = {
    "matchExpressions": [
        {"key": f"serving.kserve.io/{kind}", "operator": "DoesNotExist"} for kind in ("inferenceservice", "inferencegraph")
    ]
}
"""Pods that serve no model. Those that do let in whom infra/serving/cluster_route.py names, which is the authenticated front door."""


def network_rules() -> dict[str, Any]:
    """Name → spec of each policy."""
    return {
        "default-deny": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        "allow-dns": _egress([_peer("kube-system", {"k8s-app": "kube-dns"})], [("UDP", 53), ("TCP", 53)]),
        "allow-from-same-namespace": _ingress([{"podSelector": {}}]),
        "allow-from-platform": _ingress([_peer(name) for name in PLATFORM]),
        "allow-to-same-namespace": _egress([{"podSelector": {}}]),
        "allow-to-platform": _egress([_peer(name) for name in PLATFORM]),
        "allow-aws": _egress(
            # AWS's own endpoints have no fixed addresses; the Kubernetes API is among them.
            [{"ipBlock": {"cidr": "0.0.0.0/0", "except": [METADATA]}}],
            [("TCP", 443)],
        ),
        "allow-pod-identity": _egress([{"ipBlock": {"cidr": POD_IDENTITY}}], [("TCP", 80)]),
    }


def _ingress(peers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"podSelector": _NOT_SERVED, "policyTypes": ["Ingress"], "ingress": [{"from": peers}]}


def _egress(peers: list[dict[str, Any]], ports: Sequence[tuple[str, int]] = ()) -> dict[str, Any]:
    rule: dict[str, Any] = {"to": peers}
    if ports:
        rule["ports"] = [{"protocol": protocol, "port": port} for protocol, port in ports]
    return {"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]}


def _peer(namespace: str, pods: dict[str, str] | None = None) -> dict[str, Any]:
    peer: dict[str, Any] = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    if pods:
        peer["podSelector"] = {"matchLabels": pods}
    return peer
