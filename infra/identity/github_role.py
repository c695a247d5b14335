"""A role that workflows of one repository assume, in one GitHub environment and no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.identity.github_provider import AUDIENCE, HOST
from infra.policy_document import Statement, allow, policy_document


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubRoleArgs:
    """Who assumes the role and what it may do."""

    role_name: str
    description: str
    provider_arn: pulumi.Input[str]
    repository: str
    """`owner/name`."""
    github_environment: str
    """Environment of the workflow's job; who may use it is set in GitHub: Settings › Environments."""
    boundary_arn: pulumi.Input[str]
    statements: Mapping[str, Sequence[Statement]]
    """Its own policies, by a short name; IAM limits the size of each."""
    managed_policies: Sequence[str] = ()
    """ARNs of AWS-managed policies."""
    session_hours: int = 1


class GithubRole(pulumi.ComponentResource):
    """Creates the role under the permissions boundary, trusted for exactly one repository and environment; a policy per entry of its
    statements; and the attachments.
    """

    def __init__(self, name: str, args: GithubRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:identity:GithubRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            name=args.role_name,
            description=args.description,
            assume_role_policy=_trust(args),
            permissions_boundary=args.boundary_arn,
            max_session_duration=args.session_hours * 3600,
            opts=child,
        )
        for short, statements in args.statements.items():
            policy = aws.iam.Policy(
                f"{name}-{short}",
                name=f"{args.role_name}-{short}",
                description=f"{args.description}: {short}",
                policy=policy_document(*statements),
                opts=child,
            )
            aws.iam.RolePolicyAttachment(f"{name}-{short}", role=role.name, policy_arn=policy.arn, opts=child)
        for arn in args.managed_policies:
            aws.iam.RolePolicyAttachment(f"{name}-{arn.rsplit('/', 1)[-1].lower()}", role=role.name, policy_arn=arn, opts=child)
        self.arn = role.arn
        self.name = role.name
        self.register_outputs({"arn": self.arn, "name": self.name})


def _trust(args: GithubRoleArgs) -> pulumi.Output[str]:
    subject = f"repo:{args.repository}:environment:{args.github_environment}"
    statement = allow(
        "AssumeFromGithub",
        actions=("sts:AssumeRoleWithWebIdentity",),
        principal={"Federated": args.provider_arn},
        condition={"StringEquals": {f"{HOST}:aud": AUDIENCE, f"{HOST}:sub": subject}},
    )
    return policy_document({key: value for key, value in statement.items() if key != "Resource"})
