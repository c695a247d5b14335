"""Notebooks with JupyterHub on the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from infra.charts import JUPYTERHUB, release
from infra.namespace import namespace
from infra.platform.ingress import Behind
from infra.platform.sign_in import SECRET, SignIn
from mlctl.config.platform import Notebooks
from mlctl.config.team import Team

NAMESPACE = "notebooks"
BEHIND = Behind(namespace=NAMESPACE, service="proxy-public", port=80, health_path="/hub/health")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookHubArgs:
    """How long an idle notebook lives, and where homes are kept."""

    settings: Notebooks
    host: str
    storage_class: pulumi.Input[str]
    sign_in: SignIn
    owner: Team


class NotebookHub(pulumi.ComponentResource):
    """Creates the namespace, the secret of sign-in, and the release: single sign-on, a home volume per user, idle servers shut down."""

    def __init__(self, name: str, args: NotebookHubArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:NotebookHub", name, {}, opts)
        space = namespace(NAMESPACE, team=args.owner, level="baseline", opts=pulumi.ResourceOptions(parent=self))
        inside = pulumi.ResourceOptions(parent=self, depends_on=[space])
        secret = args.sign_in.in_namespace(f"{name}-sign-in", NAMESPACE, inside)
        after = pulumi.ResourceOptions(parent=self, depends_on=[space, secret])
        self.release = release(JUPYTERHUB, namespace=NAMESPACE, values=_values(args), opts=after)
        self.register_outputs({"namespace": NAMESPACE})


def _values(args: NotebookHubArgs) -> dict[str, Any]:
    idle = args.settings.idle_minutes * 60
    return {
        "hub": {
            "config": {"JupyterHub": {"authenticator_class": "generic-oauth"}, "GenericOAuthenticator": _sign_in(args)},
            "extraEnv": {
                "OAUTH_CLIENT_ID": {"valueFrom": {"secretKeyRef": {"name": SECRET, "key": "clientID"}}},
                "OAUTH_CLIENT_SECRET": {"valueFrom": {"secretKeyRef": {"name": SECRET, "key": "clientSecret"}}},
            },
            "db": {"pvc": {"storageClassName": args.storage_class}},
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        },
        "proxy": {"service": {"type": "ClusterIP"}},
        "cull": {"enabled": True, "timeout": idle, "every": min(idle, 300)},
        "singleuser": {
            "defaultUrl": "/lab",
            "cloudMetadata": {"blockWithIptables": False},
            "extraLabels": {"team": args.owner.name, "cost-centre": args.owner.cost_centre},
            "storage": {
                "capacity": f"{args.settings.storage_gib}Gi",
                "dynamic": {"storageClass": args.storage_class},
            },
            # MLflow and the cluster's other services are at private addresses.
            "networkPolicy": {"egressAllowRules": {"privateIPs": True, "cloudMetadataServer": False}},
            "cpu": {"guarantee": 0.5, "limit": 4},
            "memory": {"guarantee": "1G", "limit": "8G"},
            "extraPodConfig": {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}},
        },
        "scheduling": {"userScheduler": {"enabled": False}, "podPriority": {"enabled": False}},
        "prePuller": {"hook": {"enabled": False}, "continuous": {"enabled": False}},
    }


def _sign_in(args: NotebookHubArgs) -> dict[str, Any]:
    settings = args.sign_in.settings
    return {
        "authorize_url": settings.oidc_authorization_endpoint,
        "token_url": settings.oidc_token_endpoint,
        "userdata_url": settings.oidc_user_info_endpoint,
        "oauth_callback_url": f"https://{args.host}/hub/oauth_callback",
        "scope": ["openid", "email", "profile"],
        "username_claim": "email",
        "login_service": "Single sign-on",
        # Everybody whom the identity provider lets in as a user of this client.
        "allow_all": True,
        "auto_login": True,
    }
