"""The MLflow tracking server and model registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from infra.charts import MLFLOW, release
from infra.namespace import namespace
from infra.platform.database import NAME as DATABASE
from infra.platform.database_secret import DATABASE_SECRET, RELOAD, database_secret
from infra.platform.ingress import Behind
from infra.platform.sign_in import SignIn
from infra.pod_role import PodRole, PodRoleArgs
from infra.policy_document import allow
from mlctl.config.team import Team

NAMESPACE = "mlflow"
BEHIND = Behind(namespace=NAMESPACE, service="mlflow", port=80, health_path="/health")
INSIDE = f"http://{BEHIND.service}.{NAMESPACE}.svc.cluster.local:{BEHIND.port}"
"""Where workflows reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowArgs:
    """Where runs, models and artifacts are kept."""

    cluster: pulumi.Input[str]
    account: str
    region: str
    host: str
    bucket: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    data_key_arn: pulumi.Input[str]
    database_host: pulumi.Input[str]
    database_secret_arn: pulumi.Input[str]
    replicas: int
    sign_in: SignIn
    owner: Team


class Mlflow(pulumi.ComponentResource):
    """Creates the namespace; the server's role over its bucket; the database's secret; the secret of sign-in for the load balancer; and the
    release: runs and registry in Postgres, artifacts in S3 through the server, the schema brought up to date at each release.
    """

    def __init__(self, name: str, args: MlflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:Mlflow", name, {}, opts)
        self._args = args
        space = namespace(NAMESPACE, team=args.owner, level="baseline", opts=pulumi.ResourceOptions(parent=self))
        inside = pulumi.ResourceOptions(parent=self, depends_on=[space])
        role = PodRole(name, self._role(), inside)
        secret = database_secret(f"{name}-database", NAMESPACE, args.database_secret_arn, args.owner, inside)
        args.sign_in.in_namespace(f"{name}-sign-in", NAMESPACE, inside)
        after = pulumi.ResourceOptions(parent=self, depends_on=[space, role.association, secret])
        self.release = release(MLFLOW, namespace=NAMESPACE, values=self._values(), opts=after)
        self.register_outputs({"uri": INSIDE})

    def _role(self) -> PodRoleArgs:
        args = self._args
        objects = pulumi.Output.concat(args.bucket_arn, "/*")
        return PodRoleArgs(
            cluster=args.cluster,
            account=args.account,
            namespace=NAMESPACE,
            service_account="mlflow",
            statements=[
                allow("Artifacts", actions=("s3:DeleteObject", "s3:GetObject", "s3:PutObject"), resources=objects),
                allow("ListArtifacts", actions=("s3:GetBucketLocation", "s3:ListBucket"), resources=args.bucket_arn),
                allow("UseKey", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=args.data_key_arn),
            ],
        )

    def _values(self) -> dict[str, Any]:
        args = self._args
        return {
            "replicaCount": args.replicas,
            "serviceAccount": {"create": True, "name": "mlflow"},
            "podAnnotations": RELOAD,
            "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            "backendStore": {
                "databaseMigration": True,
                "databaseConnectionCheck": True,
                "postgres": {"enabled": True, "host": args.database_host, "port": 5432, "database": DATABASE, "driver": ""},
                "existingDatabaseSecret": {"name": DATABASE_SECRET, "usernameKey": "username", "passwordKey": "password"},
            },
            "artifactRoot": {
                "proxiedArtifactStorage": True,
                "s3": {"enabled": True, "bucket": args.bucket, "path": "artifacts"},
            },
            "extraEnvVars": {
                "AWS_DEFAULT_REGION": args.region,
                "PGSSLMODE": "require",
                "MLFLOW_SERVER_ALLOWED_HOSTS": f"{args.host},mlflow.{NAMESPACE}.svc.cluster.local*,localhost:*",
            },
            "service": {"type": "ClusterIP", "port": BEHIND.port},
            "serviceMonitor": {"enabled": False},
            "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
        }
