"""Nothing is bound to cluster-admin."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import items, value_at
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-rbac-no-cluster-admin",
    title="Nothing is bound to cluster-admin",
    severity=Severity.CRITICAL,
    types=(
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    ),
    why="Administrators come in through EKS access entries, which CloudTrail records.",
    remediation="Bind a role that names what is needed.",
    allowed={"roleRef": {"kind": "ClusterRole", "name": "view"}},
    disallowed={"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}},
)
def rbac_no_cluster_admin(args: ResourceValidationArgs) -> Iterator[str]:
    if value_at(args.props, "roleRef.name") == "cluster-admin":
        yield "gives cluster-admin"
    for subject in items(args.props.get("subjects")):
        if subject.get("name") in ("system:anonymous", "system:unauthenticated"):
            yield f"gives rights to {subject.get('name')}"
