"""KubeRay: Ray clusters for distributed training."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from infra.charts import KUBERAY_OPERATOR, release
from infra.namespace import namespace
from mlctl.config.team import Team

NAMESPACE = "kuberay"


class KubeRay(pulumi.ComponentResource):
    """Creates the namespace and the operator, which watches the teams' namespaces and no other."""

    def __init__(self, name: str, team: Team, namespaces: Sequence[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:KubeRay", name, {}, opts)
        space = namespace(NAMESPACE, team=team, level="restricted", opts=pulumi.ResourceOptions(parent=self))
        values = {
            "singleNamespaceInstall": False,
            "watchNamespace": list(namespaces),
            "batchScheduler": {"enabled": False},
            "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        }
        after = pulumi.ResourceOptions(parent=self, depends_on=[space])
        self.release = release(KUBERAY_OPERATOR, namespace=NAMESPACE, values=values, opts=after)
        self.register_outputs({"namespace": NAMESPACE})
