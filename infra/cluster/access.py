"""Who may use the Kubernetes API: access entries, and nothing in a ConfigMap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from mlctl.config.team import Team

_POLICY = "arn:aws:eks::aws:cluster-access-policy"


def team_group(team: str) -> str:
    """The Kubernetes group of a team's people; the team's RoleBinding names it."""
    return f"team:{team}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessArgs:
    """IAM roles and what they may do."""

    cluster: pulumi.Input[str]
    admins: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Short name → role with full rights."""
    viewers: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Short name → role that reads everything but secrets."""
    teams: Sequence[Team] = ()


class Access(pulumi.ComponentResource):
    """Creates an access entry and its policy per administrator and viewer, and per role of a team: edit rights in the namespaces
    of its teams, and membership of their groups. A role that administers gets no second entry.
    """

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:Access", name, {}, opts)
        self._name, self._cluster = name, args.cluster
        self._child = pulumi.ResourceOptions(parent=self)
        for short, role in args.admins.items():
            self._entry(short, role, policy="AmazonEKSClusterAdminPolicy", scope={"type": "cluster"})
        for short, role in args.viewers.items():
            self._entry(short, role, policy="AmazonEKSViewPolicy", scope={"type": "cluster"})
        taken = list(args.admins.values())
        for role, teams in roles_of(args.teams).items():
            if role not in taken:
                short = role.rpartition("/")[2]
                groups = [team_group(team) for team in teams]
                self._entry(short, role, policy="AmazonEKSEditPolicy", scope={"type": "namespace", "namespaces": teams}, groups=groups)
        self.register_outputs({"cluster": args.cluster})

    def _entry(
        self,
        short: str,
        role: pulumi.Input[str],
        *,
        policy: str,
        scope: aws.eks.AccessPolicyAssociationAccessScopeArgsDict,
        groups: Sequence[str] = (),
    ) -> None:
        name = f"{self._name}-{short}"
        entry = aws.eks.AccessEntry(
            name,
            cluster_name=self._cluster,
            principal_arn=role,
            type="STANDARD",
            kubernetes_groups=list(groups) or None,
            opts=self._child,
        )
        aws.eks.AccessPolicyAssociation(
            name,
            cluster_name=self._cluster,
            principal_arn=entry.principal_arn,
            policy_arn=f"{_POLICY}/{policy}",
            access_scope=scope,
            opts=self._child,
        )


def roles_of(teams: Sequence[Team]) -> dict[str, list[str]]:
    """Role ARN → names of its teams: EKS takes one entry per role, and one role may serve two teams."""
    result: dict[str, list[str]] = {}
    for team in teams:
        for role in team.access_roles:
            result.setdefault(role, []).append(team.name)
    return result
