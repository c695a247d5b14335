"""External Secrets: Kubernetes secrets from AWS Secrets Manager, so that none stands in code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.charts import EXTERNAL_SECRETS, release
from infra.namespace import namespace
from infra.platform.custom_resource import custom_resource
from infra.pod_role import PodRole, PodRoleArgs
from infra.policy_document import Statement, allow, policy_document
from mlctl.config.team import Team

API = "external-secrets.io/v1"
NAMESPACE = "external-secrets"
STORE = "platform"
"""The store of the platform's own namespaces."""


def team_store(team: str) -> str:
    """The store of a team's namespace."""
    return f"team-{team}"


_READ = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSecretsArgs:
    """Which secrets, for which namespaces."""

    cluster: pulumi.Input[str]
    account: str
    region: str
    prefix: str
    """Secrets of the platform are called `<prefix>/platform/…`, those of a team `<prefix>/<team>/…`."""
    secrets_key_arn: pulumi.Input[str]
    database_secret_arn: pulumi.Input[str]
    namespaces: Sequence[str]
    """The platform's namespaces that may use its store."""
    teams: Sequence[Team]
    owner: Team


class ExternalSecrets(pulumi.ComponentResource):
    """Creates the operator with its role; the store `platform`, open to the platform's namespaces only; and per team a role that reads the
    team's secrets, which the operator takes, and a store `team-<name>` open to the team's namespace only.
    """

    def __init__(self, name: str, args: ExternalSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:ExternalSecrets", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        space = namespace(NAMESPACE, team=args.owner, level="restricted", opts=self._child)
        controller = self._controller_role()
        values = {
            "installCRDs": True,
            "serviceAccount": {"name": "external-secrets"},
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        }
        after = pulumi.ResourceOptions(parent=self, depends_on=[space, controller.association])
        self.release = release(EXTERNAL_SECRETS, namespace=NAMESPACE, values=values, opts=after)
        self.store = self._store(STORE, args.owner, list(args.namespaces))
        for team in args.teams:
            role = self._team_role(team, controller)
            self._store(team_store(team.name), team, [team.name], role.arn)
        self.register_outputs({"store": STORE})

    def _controller_role(self) -> PodRole:
        args = self._args
        secrets = f"arn:aws:secretsmanager:{args.region}:{args.account}:secret:{args.prefix}/platform/*"
        roles = f"arn:aws:iam::{args.account}:role/{args.prefix}-secrets-*"
        return PodRole(
            self._name,
            PodRoleArgs(
                cluster=args.cluster,
                account=args.account,
                namespace=NAMESPACE,
                service_account="external-secrets",
                statements=[
                    allow("ReadPlatformSecrets", actions=_READ, resources=[secrets, args.database_secret_arn]),
                    allow("ActForTeams", actions=("sts:AssumeRole", "sts:TagSession"), resources=roles),
                    self._decrypt(),
                ],
            ),
            self._child,
        )

    def _decrypt(self) -> Statement:
        through = {"StringEquals": {"kms:ViaService": f"secretsmanager.{self._args.region}.amazonaws.com"}}
        return allow("DecryptSecrets", actions=("kms:Decrypt",), resources=self._args.secrets_key_arn, condition=through)

    def _team_role(self, team: Team, controller: PodRole) -> aws.iam.Role:
        args = self._args
        trust = allow("TheOperator", actions=("sts:AssumeRole", "sts:TagSession"), resources=None, principal={"AWS": controller.arn})
        role = aws.iam.Role(
            f"{self._name}-{team.name}",
            name=f"{args.prefix}-secrets-{team.name}",
            assume_role_policy=policy_document(trust),
            tags={"team": team.name, "cost-centre": team.cost_centre},
            opts=self._child,
        )
        own = f"arn:aws:secretsmanager:{args.region}:{args.account}:secret:{args.prefix}/{team.name}/*"
        read = allow("ReadOwnSecrets", actions=_READ, resources=own)
        aws.iam.RolePolicy(f"{self._name}-{team.name}", role=role.name, policy=policy_document(read, self._decrypt()), opts=self._child)
        return role

    def _store(self, name: str, team: Team, namespaces: list[str], role: pulumi.Output[str] | None = None) -> pulumi.Resource:
        provider: dict[str, Any] = {"service": "SecretsManager", "region": self._args.region}
        if role is not None:
            provider["role"] = role
        made: pulumi.Resource = custom_resource(
            f"{self._name}-{name}",
            api=API,
            kind="ClusterSecretStore",
            name=name,
            team=team,
            spec={"provider": {"aws": provider}, "conditions": [{"namespaces": namespaces}]},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.release]),
        )
        return made


def external_secret(
    resource: str,
    *,
    name: str,
    namespace: str,
    secret: pulumi.Input[str],
    keys: dict[str, str],
    team: Team,
    opts: pulumi.ResourceOptions,
    store: str = STORE,
) -> pulumi.Resource:
    """The Kubernetes secret `name`: each key from the property of that name in the Secrets Manager secret, read again every ten minutes."""
    data = [{"secretKey": key, "remoteRef": {"key": secret, "property": source}} for key, source in keys.items()]
    made: pulumi.Resource = custom_resource(
        resource,
        api=API,
        kind="ExternalSecret",
        name=name,
        namespace=namespace,
        team=team,
        spec={
            "refreshInterval": "10m",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": store},
            "target": {"name": name, "creationPolicy": "Owner"},
            "data": data,
        },
        opts=opts,
    )
    return made
