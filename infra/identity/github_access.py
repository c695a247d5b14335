"""Everything that lets GitHub preview and deploy one environment, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.context import pipeline_role
from infra.identity.boundary import Boundary, BoundaryArgs
from infra.identity.deploy_statements import roles_and_policies, spend_read, state_read, state_write
from infra.identity.github_provider import GithubProvider, GithubProviderArgs
from infra.identity.github_role import GithubRole, GithubRoleArgs

_POWER_USER = "arn:aws:iam::aws:policy/PowerUserAccess"
_VIEW = ("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", "arn:aws:iam::aws:policy/SecurityAudit")
"""They read how things are set up and no data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubAccessArgs:
    """The repository, the environment and the state."""

    prefix: str
    """Begins the names of roles and boundary."""
    boundary_name: str
    repository: str
    github_environment: str
    """Environment of the deploy job. The preview job runs in `<environment>-preview`, which needs no approval."""
    account: str
    region: str
    create_provider: bool
    state_bucket: str
    state_key_alias: str


class GithubAccess(pulumi.ComponentResource):
    """Creates the permissions boundary, the GitHub identity provider, a read-only preview role and a deploy role. Both are trusted for
    one repository and one GitHub environment, and stand under the boundary.
    """

    def __init__(self, name: str, args: GithubAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:identity:GithubAccess", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.boundary = Boundary(
            f"{name}-boundary",
            BoundaryArgs(policy_name=args.boundary_name, account=args.account, protected_roles=pipeline_role(args.prefix, "*")),
            opts=self._child,
        )
        provider = GithubProvider(name, GithubProviderArgs(account=args.account, create=args.create_provider), opts=self._child)
        self.preview = self._preview(name, args, provider)
        self.deploy = self._deploy(name, args, provider)
        self.register_outputs({"preview_role_arn": self.preview.arn, "deploy_role_arn": self.deploy.arn, "boundary_arn": self.boundary.arn})

    def _preview(self, name: str, args: GithubAccessArgs, provider: GithubProvider) -> GithubRole:
        state = state_read(bucket=args.state_bucket, region=args.region, account=args.account, key_alias=args.state_key_alias)
        return GithubRole(
            f"{name}-preview",
            GithubRoleArgs(
                role_name=pipeline_role(args.prefix, "preview"),
                description="Previews pull requests, looks for drift and at what was spent; changes nothing",
                provider_arn=provider.arn,
                repository=args.repository,
                github_environment=f"{args.github_environment}-preview",
                boundary_arn=self.boundary.arn,
                statements={"state": state, "spend": spend_read(account=args.account)},
                managed_policies=_VIEW,
            ),
            opts=self._child,
        )

    def _deploy(self, name: str, args: GithubAccessArgs, provider: GithubProvider) -> GithubRole:
        state = state_write(bucket=args.state_bucket, region=args.region, account=args.account, key_alias=args.state_key_alias)
        return GithubRole(
            f"{name}-deploy",
            GithubRoleArgs(
                role_name=pipeline_role(args.prefix, "deploy"),
                description="Deploys the stacks after the merge",
                provider_arn=provider.arn,
                repository=args.repository,
                github_environment=args.github_environment,
                boundary_arn=self.boundary.arn,
                statements={"state": state, **roles_and_policies(account=args.account, boundary_arn=self.boundary_arn(args))},
                managed_policies=[_POWER_USER],
                session_hours=4,
            ),
            opts=self._child,
        )

    @staticmethod
    def boundary_arn(args: GithubAccessArgs) -> str:
        """The boundary by its name: known before it is made."""
        return f"arn:aws:iam::{args.account}:policy/{args.boundary_name}"
