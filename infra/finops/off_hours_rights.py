"""What the off-hours function may do inside the cluster."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.finops.off_hours import GROUP
from infra.labels import labels
from mlctl.config.team import Team

_API = "rbac.authorization.k8s.io"


class OffHoursRights(pulumi.ComponentResource):
    """Creates a ClusterRole over the named node pools and over node claims, and its binding to the function's group; and with notebooks on
    the cluster the same for the hub's scale and the users' servers, in their namespace only.
    """

    def __init__(
        self,
        name: str,
        *,
        team: Team,
        node_pools: list[str],
        hub_namespace: str | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mlplatform:finops:OffHoursRights", name, {}, opts)
        self._labels = labels(GROUP, team)
        self._child = pulumi.ResourceOptions(parent=self)
        if node_pools:
            self._pools(name, node_pools)
        if hub_namespace:
            self._hub(name, hub_namespace)
        self.register_outputs({})

    def _pools(self, name: str, node_pools: list[str]) -> None:
        rules: Any = [
            {"apiGroups": ["karpenter.sh"], "resources": ["nodepools"], "resourceNames": node_pools, "verbs": ["get", "patch"]},
            # A collection has no names to list: Kubernetes judges deletecollection by kind alone.
            {"apiGroups": ["karpenter.sh"], "resources": ["nodeclaims"], "verbs": ["deletecollection"]},
        ]
        metadata = {"name": f"{GROUP}-pools", "labels": self._labels}
        role = kubernetes.rbac.v1.ClusterRole(f"{name}-pools", metadata=metadata, rules=rules, opts=self._child)
        kubernetes.rbac.v1.ClusterRoleBinding(
            f"{name}-pools",
            metadata=metadata,
            role_ref={"api_group": _API, "kind": "ClusterRole", "name": f"{GROUP}-pools"},
            subjects=[{"api_group": _API, "kind": "Group", "name": GROUP}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )

    def _hub(self, name: str, namespace: str) -> None:
        rules: Any = [
            {"apiGroups": ["apps"], "resources": ["deployments/scale"], "resourceNames": ["hub"], "verbs": ["get", "patch"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "deletecollection"]},
        ]
        metadata = {"name": f"{GROUP}-notebooks", "namespace": namespace, "labels": self._labels}
        role = kubernetes.rbac.v1.Role(f"{name}-notebooks", metadata=metadata, rules=rules, opts=self._child)
        kubernetes.rbac.v1.RoleBinding(
            f"{name}-notebooks",
            metadata=metadata,
            role_ref={"api_group": _API, "kind": "Role", "name": f"{GROUP}-notebooks"},
            subjects=[{"api_group": _API, "kind": "Group", "name": GROUP}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )
