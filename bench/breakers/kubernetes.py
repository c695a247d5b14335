"""Breaks what the Kubernetes rules demand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.breakers.way import Breaker, Way, drop, gone, put, several
from mlctl.plan.model import Resource

NAMESPACE = ("kubernetes:core/v1:Namespace",)
NETWORK_POLICY = ("kubernetes:networking.k8s.io/v1:NetworkPolicy",)
RELEASE = ("kubernetes:helm.sh/v3:Release",)
_LEVEL = "pod-security.kubernetes.io/enforce"
DEPLOYMENT = ("kubernetes:apps/v1:Deployment",)


def _of_team(resource: Resource, settings: Mapping[str, Any]) -> bool:
    return resource.inputs.get("metadata", {}).get("namespace", resource.inputs.get("metadata", {}).get("name")) in settings["teams"]


def _denies_all(resource: Resource, _settings: Mapping[str, Any]) -> bool:
    spec = resource.inputs.get("spec", {})
    return not spec.get("podSelector") and not spec.get("ingress") and "Ingress" in spec.get("policyTypes", ())


def _container(path: str, value: Any) -> Way:
    return put(f"spec.template.spec.containers.*.{path}", value)


KUBERNETES: tuple[Breaker, ...] = (
    Breaker("kubernetes-namespace-team-known", NAMESPACE, (drop("metadata.labels.team"), put("metadata.labels.team", "nobody"))),
    Breaker(
        "kubernetes-namespace-pod-security",
        NAMESPACE,
        (put("metadata.labels", {}), put("metadata.labels", {_LEVEL: "privileged"})),
        when=lambda resource, _: resource.inputs["metadata"].get("labels", {}).get(_LEVEL) != "privileged",  # one is, and is waived
    ),
    Breaker("kubernetes-namespace-network-closed", NETWORK_POLICY, (gone(), put("spec.ingress", [{}])), when=_denies_all),
    Breaker(
        "kubernetes-namespace-quota",
        ("kubernetes:core/v1:ResourceQuota",),
        (gone(), put("spec.hard", {"requests.cpu": "1"})),
        when=_of_team,
    ),
    Breaker("kubernetes-chart-pinned", RELEASE, (drop("version"), put("version", ">=1.0.0"))),
    Breaker("kubernetes-release-atomic", RELEASE, (several({"atomic": False, "cleanupOnFail": False}),)),
    Breaker(
        "kubernetes-rbac-narrow",
        ("kubernetes:rbac.authorization.k8s.io/v1:Role", "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"),
        (
            put("rules", [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]),
            put("rules", [{"apiGroups": [""], "resources": ["roles"], "verbs": ["escalate"]}]),
        ),
    ),
    Breaker(
        "kubernetes-rbac-no-cluster-admin",
        ("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"),
        (put("roleRef.name", "cluster-admin"),),
    ),
    Breaker(
        "kubernetes-not-privileged",
        DEPLOYMENT,
        (
            _container("securityContext.privileged", True),
            _container("securityContext.allowPrivilegeEscalation", True),
            _container("securityContext.capabilities", {}),
        ),
    ),
    Breaker(
        "kubernetes-not-root",
        DEPLOYMENT,
        (
            several(
                {
                    "spec.template.spec.securityContext.runAsNonRoot": False,
                    "spec.template.spec.containers.*.securityContext.runAsNonRoot": False,
                }
            ),
        ),
    ),
    Breaker("kubernetes-root-read-only", DEPLOYMENT, (_container("securityContext.readOnlyRootFilesystem", False),)),
    Breaker(
        "kubernetes-host-separate",
        DEPLOYMENT,
        (put("spec.template.spec.hostNetwork", True), put("spec.template.spec.volumes", [{"name": "h", "hostPath": {"path": "/"}}])),
    ),
    Breaker("kubernetes-limits-set", DEPLOYMENT, (_container("resources", {}),)),
    Breaker(
        "kubernetes-image-pinned", DEPLOYMENT, (_container("image", "nginx"), _container("image", "registry.example:5000/nginx:latest"))
    ),
    Breaker("kubernetes-probes-set", DEPLOYMENT, (drop("spec.template.spec.containers.*.readinessProbe"),)),
    Breaker("kubernetes-labels-recommended", DEPLOYMENT, (put("metadata.labels", {}),)),
    Breaker("kubernetes-disruption-bounded", DEPLOYMENT, (put("spec.replicas", 1),), ("production",)),
    Breaker(
        "kubernetes-ingress-tls", ("kubernetes:networking.k8s.io/v1:Ingress",), (several({"spec.tls": [], "metadata.annotations": {}}),)
    ),
    Breaker(
        "kubernetes-service-internal",
        ("kubernetes:core/v1:Service",),
        (several({"spec.type": "LoadBalancer", "metadata.annotations": {}}),),
    ),
    Breaker(
        "kubernetes-secret-referenced",
        ("kubernetes:core/v1:Secret",),
        (put("stringData", {"password": "x"}), put("data", {"password": "eA=="})),
    ),
)
