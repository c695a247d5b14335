"""Prometheus, Grafana and the GPU metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.charts import DCGM_EXPORTER, KUBE_PROMETHEUS_STACK, release
from infra.cluster.node_pools import GPU_TAINT
from infra.labels import labels
from infra.namespace import namespace
from infra.platform.dashboard import dashboard_json
from infra.platform.dashboards import dashboards
from infra.platform.ingress import Behind
from infra.platform.monitoring_values import ALERTMANAGER, MonitoringValues, monitoring_values
from infra.platform.sign_in import SignIn
from infra.pod_role import PodRole, PodRoleArgs
from infra.policy_document import allow
from infra.topic import TEAM_TOPIC
from mlctl.config.cluster import NodePool
from mlctl.config.platform import Monitoring as Settings
from mlctl.config.team import Team

NAMESPACE = "monitoring"
BEHIND = Behind(namespace=NAMESPACE, service="monitoring-grafana", port=80, health_path="/api/health")
"""Grafana."""
PROMETHEUS = f"http://monitoring-prometheus.{NAMESPACE}.svc.cluster.local:9090"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringArgs:
    """How much is kept, and who may look."""

    settings: Settings
    host: str
    storage_class: pulumi.Input[str]
    replicas: int
    gpu_pools: Sequence[NodePool]
    sign_in: SignIn
    owner: Team
    cluster: pulumi.Input[str]
    account: str
    region: str
    topic_arn: pulumi.Input[str]
    """Told of alarms that are no model's."""
    alerts_key_arn: pulumi.Input[str]


class Monitoring(pulumi.ComponentResource):
    """Creates the namespace; Prometheus, Alertmanager and Grafana with single sign-on; the role with which Alertmanager tells the topics of
    platform and teams; a ConfigMap per dashboard (serving, GPUs, cost); and with GPU pools the exporter of GPU metrics on their nodes.
    """

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:Monitoring", name, {}, opts)
        self._name, self._args = name, args
        # The node exporters read the host's own figures, which only `privileged` allows.
        space = namespace(NAMESPACE, team=args.owner, level="privileged", opts=pulumi.ResourceOptions(parent=self))
        inside = pulumi.ResourceOptions(parent=self, depends_on=[space])
        secret = args.sign_in.in_namespace(f"{name}-sign-in", NAMESPACE, inside)
        values = monitoring_values(
            MonitoringValues(
                settings=args.settings,
                host=args.host,
                storage_class=args.storage_class,
                replicas=args.replicas,
                sign_in=args.sign_in.settings,
                topic_arn=args.topic_arn,
                region=args.region,
            )
        )
        self.release = release(
            KUBE_PROMETHEUS_STACK,
            name="monitoring",
            namespace=NAMESPACE,
            values=values,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[space, secret, self._tell().association]),
        )
        self._dashboards(inside)
        if args.gpu_pools:
            self._gpu_metrics()
        self.register_outputs({"prometheus": PROMETHEUS})

    def _tell(self) -> PodRole:
        """The teams' topics are made later, with their first model; their names begin alike."""
        args = self._args
        teams = f"arn:aws:sns:{args.region}:{args.account}:{TEAM_TOPIC}*"
        return PodRole(
            f"{self._name}-alertmanager",
            PodRoleArgs(
                cluster=args.cluster,
                account=args.account,
                namespace=NAMESPACE,
                service_account=ALERTMANAGER,
                statements=[
                    allow("TellTopics", actions=("sns:Publish",), resources=[args.topic_arn, teams]),
                    allow("UseAlertsKey", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=args.alerts_key_arn),
                ],
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _dashboards(self, opts: pulumi.ResourceOptions) -> None:
        for page in dashboards():
            kubernetes.core.v1.ConfigMap(
                f"{self._name}-{page.uid}",
                metadata={
                    "name": f"dashboard-{page.uid}",
                    "namespace": NAMESPACE,
                    "labels": labels(page.uid, self._args.owner, grafana_dashboard="1"),
                },
                data={f"{page.uid}.json": dashboard_json(page)},
                opts=opts,
            )

    def _gpu_metrics(self) -> None:
        names: Any = {"key": "node-pool", "operator": "In", "values": [pool.name for pool in self._args.gpu_pools]}
        terms = {"nodeSelectorTerms": [{"matchExpressions": [names]}]}
        values = {
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
            "tolerations": [{"key": GPU_TAINT["key"], "operator": "Exists", "effect": GPU_TAINT["effect"]}],
            "serviceMonitor": {"enabled": True, "interval": "30s"},
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        }
        # The ServiceMonitor's kind comes with Prometheus.
        after = pulumi.ResourceOptions(parent=self, depends_on=[self.release])
        release(DCGM_EXPORTER, namespace=NAMESPACE, values=values, opts=after)
