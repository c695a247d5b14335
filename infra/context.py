"""What every stack program begins with: its environment, its AWS provider with the default tags, and the exports of earlier stacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from mlctl.config import Environment
from mlctl.config.program import program_environment
from mlctl.config.team import Team
from mlctl.errors import InputError

BOUNDARY = "boundary"
"""Ending of the name of the permissions boundary that the foundation stack makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The surroundings of one stack.

    `aws` refuses every account but the environment's, so that the wrong credentials change nothing, and puts the environment's
    default tags on everything that can carry tags.
    """

    service: str
    environment: Environment
    aws: aws.Provider
    _references: dict[str, pulumi.StackReference] = field(default_factory=dict)

    @classmethod
    def start(cls, *, service: str) -> Context:
        """Read the environment that the Pulumi stack names and make its provider.

        Raises
        ------
        InputError
            There is no such environment file, or it is wrong.
        """
        environment = program_environment(pulumi.get_stack())
        _bound_roles(boundary_arn(environment))
        provider = aws.Provider(
            "aws",
            region=environment.region,
            allowed_account_ids=[environment.account],
            default_tags=aws.ProviderDefaultTagsArgs(tags=environment.default_tags(service)),
        )
        return cls(service=service, environment=environment, aws=provider)

    def options(self, parent: pulumi.Resource | None = None, **further: Any) -> pulumi.ResourceOptions:
        """Options of a component that the program makes: this provider, and what else `ResourceOptions` takes."""
        return pulumi.ResourceOptions(parent=parent, providers=[self.aws], **further)

    def references(self, stack: str) -> pulumi.StackReference:
        """The exports of another stack of this environment; one reference however often it is asked for."""
        if stack not in self._references:
            name = f"{pulumi.get_organization()}/{stack}/{pulumi.get_stack()}"
            self._references[stack] = pulumi.StackReference(stack, stack_name=name)
        return self._references[stack]

    def output(self, stack: str, name: str) -> pulumi.Output[Any]:
        """One export of another stack of this environment; the update fails where it is missing."""
        return self.references(stack).require_output(name)

    def bucket_name(self, purpose: str) -> str:
        """`acme-dev-models-111111111111`: the account number keeps others from taking the name first.

        Raises
        ------
        InputError
            The name is longer than S3 allows.
        """
        name = f"{self.environment.prefix}-{purpose}-{self.environment.account}"
        if len(name) > 63:
            raise InputError(
                f"the bucket name {name} has {len(name)} characters and S3 allows 63",
                key="organization",
                remedy="shorten organization or the environment's name",
            )
        return name

    def team_tags(self, team: str) -> dict[str, str]:
        """Tags of what belongs to one team: they override the provider's."""
        owner: Team = self.environment.team(team)
        return {"team": owner.name, "cost-centre": owner.cost_centre}


def boundary_arn(environment: Environment) -> str:
    """The permissions boundary of every role of this environment."""
    return f"arn:aws:iam::{environment.account}:policy/{environment.prefix}-{BOUNDARY}"


def pipeline_role(prefix: str, job: str) -> str:
    """Name of the role of a job of the pipeline: `acme-dev-github-deploy`."""
    return f"{prefix}-github-{job}"


def deploy_role_arn(environment: Environment) -> str:
    """The role that deploys an environment, in its own account."""
    return f"arn:aws:iam::{environment.account}:role/{pipeline_role(environment.prefix, 'deploy')}"


def _bound_roles(boundary: str) -> None:
    """Put the boundary on every role of the program, so that none can be forgotten: the deploy role may make no role without it."""

    def bound(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ != "aws:iam/role:Role" or args.props.get("permissions_boundary") is not None:
            return None
        return pulumi.ResourceTransformationResult(props={**args.props, "permissions_boundary": boundary}, opts=args.opts)

    pulumi.runtime.register_stack_transformation(bound)
