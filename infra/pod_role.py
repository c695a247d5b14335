"""An IAM role for the pods of one Kubernetes service account, through EKS Pod Identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from infra.policy_document import Statement, policy_document, trust_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRoleArgs:
    """Who gets which rights."""

    cluster: pulumi.Input[str]
    """The cluster's name."""
    account: str
    """The account of the cluster: nobody else's pods may take the role."""
    namespace: str
    service_account: str
    statements: Sequence[Statement] = ()
    """The role's own policy."""
    managed_policies: Mapping[str, str] = field(default_factory=dict)
    """AWS managed policies: a short name and the ARN."""
    role_name: str | None = None
    """A fixed name, where something outside has to know it."""
    tags: Mapping[str, str] = field(default_factory=dict)


class PodRole(pulumi.ComponentResource):
    """Creates the role, which only EKS Pod Identity of this account may assume; its inline policy; attachments of managed policies; and the
    association of the role with the service account.
    """

    def __init__(self, name: str, args: PodRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:security:PodRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        mine = {"StringEquals": {"aws:SourceAccount": args.account}}
        role = aws.iam.Role(
            name,
            name=args.role_name,
            assume_role_policy=trust_policy("pods.eks.amazonaws.com", actions=("sts:AssumeRole", "sts:TagSession"), condition=mine),
            description=f"Pods of {args.namespace}/{args.service_account}",
            tags=dict(args.tags),
            opts=child,
        )
        self.policies: list[pulumi.Resource] = []
        if args.statements:
            self.policies.append(aws.iam.RolePolicy(name, role=role.name, policy=policy_document(*args.statements), opts=child))
        for short, arn in args.managed_policies.items():
            self.policies.append(aws.iam.RolePolicyAttachment(f"{name}-{short}", role=role.name, policy_arn=arn, opts=child))
        self.association = aws.eks.PodIdentityAssociation(
            name,
            cluster_name=args.cluster,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=self.policies),
        )
        self.arn = role.arn
        self.role_name = role.name
        self.register_outputs({"arn": self.arn, "role_name": self.role_name})
