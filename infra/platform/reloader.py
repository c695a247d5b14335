"""Reloader: restarts a deployment when a secret it uses has changed."""

from __future__ import annotations

import pulumi

from infra.charts import RELOADER, release
from infra.namespace import namespace
from mlctl.config.team import Team

NAMESPACE = "reloader"


class Reloader(pulumi.ComponentResource):
    """Creates the namespace and the release; it watches only what carries its annotation."""

    def __init__(self, name: str, team: Team, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:Reloader", name, {}, opts)
        space = namespace(NAMESPACE, team=team, level="restricted", opts=pulumi.ResourceOptions(parent=self))
        values = {
            "reloader": {
                "deployment": {
                    "securityContext": {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}},
                    "containerSecurityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                    "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
                }
            }
        }
        release(RELOADER, namespace=NAMESPACE, values=values, opts=pulumi.ResourceOptions(parent=self, depends_on=[space]))
        self.register_outputs({})
