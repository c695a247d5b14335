"""The control plane's audit trail is kept."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import items
from policies.rule import resource_rule

_WANTED = ("api", "audit", "authenticator")


@resource_rule(
    id="aws-eks-control-plane-logs",
    title="The EKS control plane writes its API, audit and authenticator logs",
    severity=Severity.MEDIUM,
    types=("aws:eks/cluster:Cluster",),
    why="Without them nobody can say later who did what in the cluster.",
    remediation="Set enabled_cluster_log_types to at least api, audit and authenticator.",
    allowed={"enabledClusterLogTypes": ["api", "audit", "authenticator"]},
    disallowed={"enabledClusterLogTypes": ["scheduler"]},
)
def eks_control_plane_logs(args: ResourceValidationArgs) -> Iterator[str]:
    written = items(args.props.get("enabledClusterLogTypes"))
    missing = [kind for kind in _WANTED if kind not in written]
    if missing:
        yield f"does not write {', '.join(missing)}"
