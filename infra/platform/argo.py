"""Argo Workflows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.bucket import Bucket, BucketArgs, Lifecycle
from infra.charts import ARGO_WORKFLOWS, release
from infra.labels import labels
from infra.namespace import namespace
from infra.platform.account_token import account_token
from infra.platform.argo_values import LOGIN, ArgoValues, argo_values
from infra.platform.database_secret import DATABASE_SECRET, database_secret
from infra.platform.ingress import Behind
from infra.platform.sign_in import SignIn
from infra.pod_role import PodRole, PodRoleArgs
from infra.policy_document import allow
from mlctl.config.team import Team

NAMESPACE = "argo"
BEHIND = Behind(namespace=NAMESPACE, service="argo-workflows-server", port=2746, health_path="/")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgoArgs:
    """Where artifacts and the archive live, and whose namespaces it serves."""

    cluster: pulumi.Input[str]
    account: str
    region: str
    host: str
    bucket_name: str
    data_key_arn: pulumi.Input[str]
    access_log_bucket: pulumi.Input[str]
    database_host: pulumi.Input[str]
    database_secret_arn: pulumi.Input[str]
    retention_days: int
    teams: Sequence[Team]
    sign_in: SignIn
    owner: Team


class Argo(pulumi.ComponentResource):
    """Creates the namespace; the artifact bucket (expires after twice the archive's retention); the server's role, which reads artifacts;
    the secrets of database and sign-in; the account, without any right, as which whoever signed in may knock at the teams' namespaces; and
    the release: controller for the teams' namespaces, archive in Postgres, single sign-on.
    """

    def __init__(self, name: str, args: ArgoArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:Argo", name, {}, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        space = namespace(NAMESPACE, team=args.owner, level="restricted", opts=child)
        self.bucket = Bucket(
            f"{name}-artifacts",
            BucketArgs(
                bucket_name=args.bucket_name,
                key_arn=args.data_key_arn,
                access_log_bucket=args.access_log_bucket,
                lifecycle=Lifecycle(expire_after_days=2 * args.retention_days, noncurrent_days=7),
            ),
            child,
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[space])
        role = self._server_role(inside)
        secrets = [
            database_secret(f"{name}-database", NAMESPACE, args.database_secret_arn, args.owner, inside),
            args.sign_in.in_namespace(f"{name}-sign-in", NAMESPACE, inside),
        ]
        self._login(inside)
        after = pulumi.ResourceOptions(parent=self, depends_on=[space, role.association, *secrets])
        self.release = release(ARGO_WORKFLOWS, namespace=NAMESPACE, values=self._values(), opts=after)
        self.register_outputs({"bucket": self.bucket.name})

    def _login(self, opts: pulumi.ResourceOptions) -> None:
        """Argo looks for an account of its own namespace first, and then for one of the namespace that a person looks at."""
        owner = self._args.owner
        rule = {"workflows.argoproj.io/rbac-rule": "true", "workflows.argoproj.io/rbac-rule-precedence": "0"}
        account = kubernetes.core.v1.ServiceAccount(
            f"{self._name}-{LOGIN}",
            metadata={"name": LOGIN, "namespace": NAMESPACE, "labels": labels(LOGIN, owner), "annotations": rule},
            automount_service_account_token=False,
            opts=opts,
        )
        after = pulumi.ResourceOptions(parent=self, depends_on=[account])
        account_token(f"{self._name}-{LOGIN}", LOGIN, namespace=NAMESPACE, team=owner, opts=after)

    def _server_role(self, opts: pulumi.ResourceOptions) -> PodRole:
        args = self._args
        return PodRole(
            f"{self._name}-server",
            PodRoleArgs(
                cluster=args.cluster,
                account=args.account,
                namespace=NAMESPACE,
                service_account="argo-server",
                statements=[
                    allow("ReadArtifacts", actions=("s3:GetObject",), resources=f"arn:aws:s3:::{args.bucket_name}/*"),
                    allow("ListArtifacts", actions=("s3:ListBucket",), resources=f"arn:aws:s3:::{args.bucket_name}"),
                    allow("DecryptArtifacts", actions=("kms:Decrypt",), resources=args.data_key_arn),
                ],
            ),
            opts,
        )

    def _values(self) -> dict[str, Any]:
        args = self._args
        return argo_values(
            ArgoValues(
                region=args.region,
                bucket=self.bucket.name,
                key_arn=args.data_key_arn,
                database_host=args.database_host,
                database_secret=DATABASE_SECRET,
                retention_days=args.retention_days,
                namespaces=[team.name for team in args.teams],
                host=args.host,
                issuer=args.sign_in.settings.oidc_issuer,
            )
        )
