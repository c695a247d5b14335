"""The database's password, where a service needs it."""

from __future__ import annotations

import pulumi

from infra.platform.external_secrets import external_secret
from mlctl.config.team import Team

DATABASE_SECRET = "database"

RELOAD = {"reloader.stakater.com/auto": "true"}
"""RDS changes the password every week; a deployment with this annotation is restarted when its secret changes."""


def database_secret(
    resource: str, namespace: str, secret_arn: pulumi.Input[str], team: Team, opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    """The secret `database` with the keys `username` and `password`, from the one that RDS keeps."""
    return external_secret(
        resource,
        name=DATABASE_SECRET,
        namespace=namespace,
        secret=secret_arn,
        keys={"username": "username", "password": "password"},
        team=team,
        opts=opts,
    )
