"""NetworkPolicies of a team's namespace: nothing is allowed but what is listed here."""

from __future__ import annotations

from typing import Any

PLATFORM = ("argo", "knative-serving", "kourier-system", "kserve", "kuberay", "mlflow", "monitoring")
"""Namespaces of the platform that call the teams' pods, or are called by them."""

METADATA = "169.254.169.254/32"
"""The instance metadata service: no pod has business there."""

POD_IDENTITY = "169.254.170.23/32"
"""The Pod Identity agent, where pods get their AWS credentials (port 80)."""


def network_rules() -> dict[str, Any]:
    """Name → spec of each policy."""
    return {
        "default-deny": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        "allow-dns": _egress([_peer("kube-system", {"k8s-app": "kube-dns"})], [("UDP", 53), ("TCP", 53)]),
        "allow-same-namespace": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {}}]}],
            "egress": [{"to": [{"podSelector": {}}]}],
        },
        "allow-platform": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [_peer(name) for name in PLATFORM]}],
            "egress": [{"to": [_peer(name) for name in PLATFORM]}],
        },
        "allow-aws": _egress(
            # AWS's own endpoints have no fixed addresses; the Kubernetes API is among them.
            [{"ipBlock": {"cidr": "0.0.0.0/0", "except": [METADATA]}}],
            [("TCP", 443)],
        ),
        "allow-pod-identity": _egress([{"ipBlock": {"cidr": POD_IDENTITY}}], [("TCP", 80)]),
    }


def _egress(peers: list[dict[str, Any]], ports: list[tuple[str, int]]) -> dict[str, Any]:
    rule = {"to": peers, "ports": [{"protocol": protocol, "port": port} for protocol, port in ports]}
    return {"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]}


def _peer(namespace: str, pods: dict[str, str] | None = None) -> dict[str, Any]:
    peer: dict[str, Any] = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    if pods:
        peer["podSelector"] = {"matchLabels": pods}
    return peer
