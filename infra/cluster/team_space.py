"""What every team gets on the cluster: a namespace of its own, within limits."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.cluster.access import team_group
from infra.cluster.network_rules import network_rules
from infra.labels import labels
from infra.namespace import namespace
from mlctl.config.team import Team

DEVELOPER_RULES: Any = [
    {
        "apiGroups": ["argoproj.io"],
        "resources": ["workflows", "workflowtemplates", "cronworkflows", "workflowartifactgctasks"],
        "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
    },
    {
        "apiGroups": ["ray.io"],
        "resources": ["rayclusters", "rayjobs", "rayservices"],
        "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
    },
    {"apiGroups": ["serving.kserve.io"], "resources": ["inferenceservices"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["kueue.x-k8s.io"], "resources": ["localqueues", "workloads"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["external-secrets.io"], "resources": ["externalsecrets"], "verbs": ["get", "list", "watch"]},
]
"""What people of a team may do besides Kubernetes' own `edit`: run work; serving changes through a pull request only."""


class TeamSpace(pulumi.ComponentResource):
    """Creates the team's namespace with Pod Security labels; a ResourceQuota on CPU, memory, GPUs and volumes; a LimitRange with defaults;
    the NetworkPolicies; a Role for the platform's own kinds; and the RoleBindings of the team's group to it and to `edit`.
    """

    def __init__(self, name: str, team: Team, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:TeamSpace", name, {}, opts)
        self._name, self._team = name, team
        child = pulumi.ResourceOptions(parent=self)
        self.namespace = namespace(team.name, team=team, level="baseline", opts=child, **{"ml-platform/team": team.name})
        self._inside = pulumi.ResourceOptions(parent=self, depends_on=[self.namespace])
        self._limits()
        for short, spec in network_rules().items():
            kubernetes.networking.v1.NetworkPolicy(f"{name}-{short}", metadata=self._metadata(short), spec=spec, opts=self._inside)
        self._rights()
        self.register_outputs({"namespace": team.name})

    def _metadata(self, short: str) -> Any:
        return {"name": short, "namespace": self._team.name, "labels": labels(short, self._team)}

    def _limits(self) -> None:
        kubernetes.core.v1.ResourceQuota(
            f"{self._name}-quota",
            metadata=self._metadata("quota"),
            spec=kubernetes.core.v1.ResourceQuotaSpecArgs(hard=quota(self._team)),
            opts=self._inside,
        )
        container: Any = {
            "type": "Container",
            "defaultRequest": {"cpu": "100m", "memory": "256Mi"},
            "default": {"cpu": "1", "memory": "1Gi"},
        }
        claim: Any = {"type": "PersistentVolumeClaim", "max": {"storage": "500Gi"}, "min": {"storage": "1Gi"}}
        kubernetes.core.v1.LimitRange(
            f"{self._name}-limits",
            metadata=self._metadata("limits"),
            spec=kubernetes.core.v1.LimitRangeSpecArgs(limits=[container, claim]),
            opts=self._inside,
        )

    def _rights(self) -> None:
        role = kubernetes.rbac.v1.Role(
            f"{self._name}-developer", metadata=self._metadata("ml-developer"), rules=DEVELOPER_RULES, opts=self._inside
        )
        group: Any = {"kind": "Group", "name": team_group(self._team.name), "apiGroup": "rbac.authorization.k8s.io"}
        for short, kind, target in (("ml-developer", "Role", "ml-developer"), ("edit", "ClusterRole", "edit")):
            kubernetes.rbac.v1.RoleBinding(
                f"{self._name}-{short}",
                metadata=self._metadata(f"team-{short}"),
                role_ref=_role_ref(kind, target),
                subjects=[group],
                opts=pulumi.ResourceOptions(parent=self, depends_on=[role, self.namespace]),
            )


def _role_ref(kind: str, name: str) -> Any:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}


def quota(team: Team) -> dict[str, str]:
    """The most that all pods of the team may ask for at once."""
    return {
        "requests.cpu": str(team.cpu_quota),
        "requests.memory": f"{team.memory_quota_gib}Gi",
        "limits.memory": f"{2 * team.memory_quota_gib}Gi",
        "requests.nvidia.com/gpu": str(team.gpu_quota),
        "persistentvolumeclaims": "50",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }
