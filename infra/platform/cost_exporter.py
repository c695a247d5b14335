"""OpenCost or Kubecost: what each pod costs. The FinOps report reads its allocation API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from infra.charts import KUBECOST, OPENCOST, release
from infra.namespace import namespace
from infra.platform.monitoring import PROMETHEUS
from infra.pod_role import PodRole, PodRoleArgs
from infra.policy_document import allow
from mlctl.config.team import Team

NAMESPACE = "cost"
URLS = {
    "opencost": f"http://opencost.{NAMESPACE}.svc.cluster.local:9003",
    "kubecost": f"http://cost-analyzer-cost-analyzer.{NAMESPACE}.svc.cluster.local:9090",
}
"""Allocation API of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostExporterArgs:
    """Which one, and for which cluster."""

    kind: Literal["opencost", "kubecost"]
    cluster: pulumi.Input[str]
    cluster_name: str
    account: str
    needs: pulumi.Resource
    """Prometheus, where it reads usage and writes prices."""
    owner: Team


class CostExporter(pulumi.ComponentResource):
    """Creates the namespace, a role that reads spot prices, and the release of the configured exporter on the platform's own Prometheus."""

    def __init__(self, name: str, args: CostExporterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:CostExporter", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        space = namespace(NAMESPACE, team=args.owner, level="baseline", opts=child)
        chart = OPENCOST if args.kind == "opencost" else KUBECOST
        role = PodRole(
            name,
            PodRoleArgs(
                cluster=args.cluster,
                account=args.account,
                namespace=NAMESPACE,
                service_account=chart.name,
                # Prices and spot history have no resource to name.
                statements=[allow("ReadPrices", actions=("ec2:DescribeSpotPriceHistory", "pricing:GetProducts"))],
            ),
            child,
        )
        values = _opencost(args) if args.kind == "opencost" else _kubecost(args)
        after = pulumi.ResourceOptions(parent=self, depends_on=[space, role.association, args.needs])
        release(chart, namespace=NAMESPACE, values=values, opts=after)
        self.url = URLS[args.kind]
        self.register_outputs({"url": self.url})


def _opencost(args: CostExporterArgs) -> dict[str, Any]:
    return {
        "serviceAccount": {"create": True, "name": OPENCOST.name},
        "opencost": {
            "exporter": {
                "defaultClusterId": args.cluster_name,
                "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
            },
            "prometheus": {"internal": {"enabled": False}, "external": {"enabled": True, "url": PROMETHEUS}},
            "metrics": {"serviceMonitor": {"enabled": True}},
            "ui": {"enabled": False},
        },
    }


def _kubecost(args: CostExporterArgs) -> dict[str, Any]:
    return {
        "serviceAccount": {"create": True, "name": KUBECOST.name},
        "global": {
            "prometheus": {"enabled": False, "fqdn": PROMETHEUS},
            "grafana": {"enabled": False, "proxy": False},
        },
        "kubecostProductConfigs": {"clusterName": args.cluster_name},
        "serviceMonitor": {"enabled": True},
        "kubecostModel": {"resources": {"requests": {"cpu": "200m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}},
    }
