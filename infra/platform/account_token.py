"""The long-lived token of a service account: Argo's server acts as the account that a signed-in person's groups map to."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from mlctl.config.team import Team


def token_of(account: str) -> str:
    """Name of the secret with the account's token, where Argo looks for it."""
    return f"{account}.service-account-token"


def account_token(resource: str, account: str, *, namespace: str, team: Team, opts: pulumi.ResourceOptions) -> kubernetes.core.v1.Secret:
    """The secret; Kubernetes writes the token into it and since 1.24 makes none by itself:
    https://argo-workflows.readthedocs.io/en/latest/service-account-secrets/.
    """
    return kubernetes.core.v1.Secret(
        resource,
        metadata={
            "name": token_of(account),
            "namespace": namespace,
            "labels": labels(account, team),
            "annotations": {"kubernetes.io/service-account.name": account},
        },
        type="kubernetes.io/service-account-token",
        opts=opts,
    )
