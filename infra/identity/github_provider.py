"""GitHub as an identity provider: its workflows get short-lived credentials and no stored secret."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

HOST = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubProviderArgs:
    """An account holds one provider per host."""

    account: str
    create: bool
    """Off where the account has the provider already."""


class GithubProvider(pulumi.ComponentResource):
    """Creates the identity provider, or names the one that is there. AWS checks GitHub's certificate itself, so no thumbprint is pinned."""

    def __init__(self, name: str, args: GithubProviderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:identity:GithubProvider", name, {}, opts)
        self.arn: pulumi.Output[str]
        if args.create:
            provider = aws.iam.OpenIdConnectProvider(
                name, url=f"https://{HOST}", client_id_lists=[AUDIENCE], opts=pulumi.ResourceOptions(parent=self)
            )
            self.arn = provider.arn
        else:
            self.arn = pulumi.Output.from_input(f"arn:aws:iam::{args.account}:oidc-provider/{HOST}")
        self.register_outputs({"arn": self.arn})
