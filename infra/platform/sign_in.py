"""Single sign-on: the platform's client at the identity provider, and where its secret is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.platform.external_secrets import external_secret
from mlctl.config.platform import Ingress as Settings
from mlctl.config.team import Team

SECRET = "sign-in"
"""Name of the Kubernetes secret in each namespace that needs it; keys `clientID` and `clientSecret`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInArgs:
    """The client, and what encrypts its secret."""

    prefix: str
    settings: Settings
    secrets_key_arn: pulumi.Input[str]
    team: Team


class SignIn(pulumi.ComponentResource):
    """Creates the Secrets Manager secret `<prefix>/platform/sign-in`, empty: a person writes `{"clientID": …, "clientSecret": …}` into it
    once, and it never passes through code.
    """

    def __init__(self, name: str, args: SignInArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:SignIn", name, {}, opts)
        self._args = args
        self.settings = args.settings
        self.secret = aws.secretsmanager.Secret(
            name,
            name=f"{args.prefix}/platform/{SECRET}",
            description="Client of the platform at the identity provider: clientID, clientSecret",
            kms_key_id=args.secrets_key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"secret_arn": self.secret.arn})

    def in_namespace(self, resource: str, namespace: str, opts: pulumi.ResourceOptions) -> pulumi.Resource:
        """The client's secret as the Kubernetes secret `sign-in` of the namespace."""
        return external_secret(
            resource,
            name=SECRET,
            namespace=namespace,
            secret=self.secret.name,
            keys={"clientID": "clientID", "clientSecret": "clientSecret"},
            team=self._args.team,
            opts=opts,
        )

    def load_balancer(self) -> dict[str, Any]:
        """The value of the load balancer's annotation `auth-idp-oidc`."""
        return {
            "issuer": self.settings.oidc_issuer,
            "authorizationEndpoint": self.settings.oidc_authorization_endpoint,
            "tokenEndpoint": self.settings.oidc_token_endpoint,
            "userInfoEndpoint": self.settings.oidc_user_info_endpoint,
            "secretName": SECRET,
        }
