"""An IAM role that an AWS service assumes, with one policy of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.policy_document import Statement, policy_document, trust_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRoleArgs:
    """Who assumes the role and what it may do."""

    services: Sequence[str]
    """Service principals, for example `sagemaker.amazonaws.com`."""
    description: str
    statements: Sequence[Statement] = ()
    """Its permissions."""
    managed_policies: Sequence[str] = ()
    """ARNs of AWS-managed policies it has besides."""
    trust_condition: Mapping[str, Any] | None = None
    """Narrows the trust, for example to this account's resources."""
    tags: Mapping[str, str] = field(default_factory=dict)


class ServiceRole(pulumi.ComponentResource):
    """Creates the role, its inline policy where it has statements, and an attachment per managed policy."""

    def __init__(self, name: str, args: ServiceRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:identity:ServiceRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            description=args.description,
            assume_role_policy=trust_policy(*args.services, condition=args.trust_condition),
            tags=dict(args.tags),
            opts=child,
        )
        if args.statements:
            self.policy: aws.iam.RolePolicy | None = aws.iam.RolePolicy(
                name, role=role.name, policy=policy_document(*args.statements), opts=child
            )
        else:
            self.policy = None
        for arn in args.managed_policies:
            aws.iam.RolePolicyAttachment(f"{name}-{arn.rsplit('/', 1)[-1].lower()}", role=role.name, policy_arn=arn, opts=child)
        self.arn = role.arn
        self.name = role.name
        self.register_outputs({"arn": self.arn, "name": self.name})


def from_account(account: str) -> dict[str, Any]:
    """A trust condition: the service acts for a resource of this account, so that nobody else's resource borrows the role."""
    return {"StringEquals": {"aws:SourceAccount": account}}
