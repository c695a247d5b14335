"""Settings of the Argo Workflows chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.platform.account_token import token_of
from infra.platform.database import NAME as DATABASE
from infra.platform.database_secret import RELOAD
from infra.platform.sign_in import SECRET as SIGN_IN

WORKFLOW_ACCOUNT = "workflow"
"""The service account of a team's workflows."""

PEOPLE = "workflow-user"
"""The service account as which a team's people see and run them."""

LOGIN = "signed-in"
"""The service account of whoever signed in, in Argo's own namespace."""

CONTROLLER_ACCOUNT = "argo-controller"
"""The service account of the controller."""

_NOT_ROOT = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
_CONFINED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgoValues:
    """What the settings depend on."""

    region: str
    bucket: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    database_host: pulumi.Input[str]
    database_secret: str
    retention_days: int
    namespaces: Sequence[str]
    host: str
    issuer: str


def argo_values(values: ArgoValues) -> dict[str, Any]:
    """The chart's values."""
    return {
        "crds": {"install": True, "keep": False},
        "workflow": {"serviceAccount": {"create": False}, "rbac": {"create": False}},
        "controller": _controller(values),
        "executor": {"securityContext": {**_CONFINED, **_NOT_ROOT, "runAsUser": 8737}},
        "server": _server(values),
        "useDefaultArtifactRepo": True,
        "useStaticCredentials": False,
        "artifactRepository": _artifacts(values),
    }


def _controller(values: ArgoValues) -> dict[str, Any]:
    return {
        "replicas": 2,
        "serviceAccount": {"create": True, "name": CONTROLLER_ACCOUNT},
        "pdb": {"enabled": True, "minAvailable": 1},
        "deploymentAnnotations": RELOAD,
        "podSecurityContext": _NOT_ROOT,
        "workflowNamespaces": list(values.namespaces),
        "metricsConfig": {"enabled": True},
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "workflowDefaults": {
            "spec": {
                "serviceAccountName": WORKFLOW_ACCOUNT,
                "ttlStrategy": {"secondsAfterCompletion": 86_400},
                "podGC": {"strategy": "OnWorkflowSuccess"},
                "securityContext": {**_NOT_ROOT, "runAsUser": 8737},
            }
        },
        "persistence": _archive(values),
    }


def _archive(values: ArgoValues) -> dict[str, Any]:
    return {
        "connectionPool": {"maxIdleConns": 5, "maxOpenConns": 20, "connMaxLifetime": "300s"},
        "nodeStatusOffLoad": True,
        "archive": True,
        "archiveTTL": f"{values.retention_days}d",
        "postgresql": {
            "host": values.database_host,
            "port": 5432,
            "database": DATABASE,
            "tableName": "argo_workflows",
            "userNameSecret": {"name": values.database_secret, "key": "username"},
            "passwordSecret": {"name": values.database_secret, "key": "password"},
            "ssl": True,
            "sslMode": "require",
        },
    }


def _server(values: ArgoValues) -> dict[str, Any]:
    return {
        "replicas": 2,
        "pdb": {"enabled": True, "minAvailable": 1},
        "deploymentAnnotations": RELOAD,
        "podSecurityContext": _NOT_ROOT,
        "serviceAccount": {"create": True, "name": "argo-server"},
        "authModes": ["sso"],
        "sso": {
            "enabled": True,
            "issuer": values.issuer,
            "clientId": {"name": SIGN_IN, "key": "clientID"},
            "clientSecret": {"name": SIGN_IN, "key": "clientSecret"},
            "redirectUrl": f"https://{values.host}/oauth2/callback",
            # Without this list the chart lets the server read every secret of the cluster.
            "rbac": {"enabled": True, "secretWhitelist": [SIGN_IN, token_of(LOGIN), token_of(PEOPLE)]},
            "scopes": ["groups", "email"],
            "sessionExpiry": "8h",
        },
        "extraEnv": [{"name": "SSO_DELEGATE_RBAC_TO_NAMESPACE", "value": "true"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
    }


def _artifacts(values: ArgoValues) -> dict[str, Any]:
    return {
        "archiveLogs": True,
        "s3": {
            "bucket": values.bucket,
            "region": values.region,
            "endpoint": f"s3.{values.region}.amazonaws.com",
            "useSDKCreds": True,
            # The namespace comes first: a team's role reads and writes below its own prefix.
            "keyFormat": "{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}",
            "encryptionOptions": {"enableEncryption": True, "kmsKeyId": values.key_arn},
        },
    }
