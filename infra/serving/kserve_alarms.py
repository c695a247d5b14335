"""When people are told that a model on the cluster answers wrongly, slowly, or not at all: the same four alarms as of an endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pulumi
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from infra.serving.placed_model import PlacedModel
from mlctl.config.model import ServingAlarms
from mlctl.config.team import Team

METRICS = "http-usermetric"
"""Port of Knative's queue proxy with the figures of requests; KnativeServing has to turn it on (`config.observability`)."""

REQUESTS = "http_server_request_duration_seconds_count"
LATENCY = "http_server_request_duration_seconds_bucket"
"""The queue proxy's histogram of answers, seconds: https://knative.dev/v1.20-docs/serving/observability/metrics/serving-metrics/."""

API = "monitoring.coreos.com"
_REVISION = "serving.knative.dev/revision"


class Condition(NamedTuple):
    """What sets an alarm off."""

    expression: str
    duration: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KServeAlarmsArgs:
    """Which InferenceServices of which model."""

    placed: PlacedModel
    services: Sequence[str]
    team: Team
    """Its namespace has the same name."""


class KServeAlarms(pulumi.ComponentResource):
    """Creates the PodMonitor that has the model's requests counted (in Knative mode, whose queue proxy counts them); the alarms on errors,
    latency, refused requests and silence as a PrometheusRule; and the AlertmanagerConfig that takes them to the team's topic, and for a
    critical model to the platform's.

    In Standard mode nothing in the pod counts requests, so these alarms say that no replica answers and that replicas restart; requests are
    watched at the front door (`FrontDoor.counted`).
    """

    def __init__(self, name: str, args: KServeAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:KServeAlarms", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        placed, settings = args.placed, args.placed.model.kserve
        assert settings is not None
        if settings.deployment_mode == "Knative":
            self._object("PodMonitor", "v1", pod_monitor(placed.name))
            conditions = request_conditions(args.team.name, args.services, placed.model.alarms)
        else:
            conditions = replica_conditions(args.team.name, args.services)
        self._object("PrometheusRule", "v1", alarm_rules(placed, args.team.name, conditions))
        self._object("AlertmanagerConfig", "v1alpha1", routing(placed))
        self.register_outputs({"alarms": list(conditions)})

    def _object(self, kind: str, version: str, spec: dict[str, Any]) -> None:
        args = self._args
        name = f"{args.placed.name}-serving"
        kubernetes.apiextensions.CustomResource(
            f"{self._name}-{kind.lower()}",
            api_version=f"{API}/{version}",
            kind=kind,
            metadata={"name": name, "namespace": args.team.name, "labels": labels(name, args.team, model=args.placed.name)},
            spec=spec,
            opts=self._child,
        )


def pod_monitor(model: str) -> dict[str, Any]:
    """Has Prometheus read the queue proxy of each pod of the model."""
    return {
        "selector": {"matchLabels": {"model": model}, "matchExpressions": [{"key": _REVISION, "operator": "Exists"}]},
        "podMetricsEndpoints": [{"port": METRICS, "path": "/metrics", "interval": "30s"}],
    }


def request_conditions(namespace: str, services: Sequence[str], limits: ServingAlarms) -> dict[str, Condition]:
    """Alarm → condition, from the requests themselves. The queue proxy answers 503 where too many wait already."""
    names = "|".join(f"{service}-predictor" for service in services)
    where = f'k8s_namespace_name="{namespace}",kn_configuration_name=~"{names}"'
    total = f"sum(rate({REQUESTS}{{{where}}}[5m]))"
    wrong = f'sum(rate({REQUESTS}{{{where},http_response_status_code=~"5.."}}[5m]))'
    refused = f'sum(rate({REQUESTS}{{{where},http_response_status_code=~"429|503"}}[5m]))'
    slow = f"histogram_quantile(0.99, sum by (le) (rate({LATENCY}{{{where}}}[5m])))"
    found = {
        "errors": Condition(
            f"100 * {wrong} / {total} > {limits.error_percent:g}", "5m", f"more than {limits.error_percent:g} % server errors"
        ),
        "p99": Condition(f"{slow} > {limits.p99_ms / 1000:g}", "5m", f"99 of 100 answers take more than {limits.p99_ms} ms"),
        "throttles": Condition(f"{refused} > 0", "5m", "requests are refused because too many come at once"),
    }
    if limits.no_traffic_minutes is not None:
        silence = f"(sum(increase({REQUESTS}{{{where}}}[{limits.no_traffic_minutes}m])) or vector(0)) == 0"
        found["no-traffic"] = Condition(silence, "1m", f"no request for {limits.no_traffic_minutes} minutes")
    return found


def replica_conditions(namespace: str, services: Sequence[str]) -> dict[str, Condition]:
    """Alarm → condition, from what Kubernetes knows of the replicas."""
    names = "|".join(f"{service}-predictor" for service in services)
    available = f'kube_deployment_status_replicas_available{{namespace="{namespace}",deployment=~"{names}"}}'
    restarts = f'kube_pod_container_status_restarts_total{{namespace="{namespace}",pod=~"({names})-.*"}}'
    return {
        "unavailable": Condition(f"{available} == 0", "5m", "no replica is ready to answer"),
        "restarts": Condition(f"sum(increase({restarts}[15m])) > 2", "1m", "replicas restart again and again"),
    }


def alarm_rules(placed: PlacedModel, namespace: str, conditions: dict[str, Condition]) -> dict[str, Any]:
    """The spec of a PrometheusRule."""
    severity = "critical" if placed.model.critical else "warning"
    rules = [
        {
            "alert": f"{placed.name}-{short}",
            "expr": condition.expression,
            "for": condition.duration,
            "labels": {"severity": severity, "model": placed.name, "namespace": namespace},
            "annotations": {"summary": f"{placed.name}: {condition.summary}"},
        }
        for short, condition in conditions.items()
    ]
    return {"groups": [{"name": f"{placed.name}-serving", "rules": rules}]}


def routing(placed: PlacedModel) -> dict[str, Any]:
    """The spec of an AlertmanagerConfig: the model's alarms, and when they are over, to the topics that its endpoint would tell."""
    topics = [
        {
            "topicARN": topic,
            "sigv4": {"region": placed.here.region},
            "sendResolved": True,
            "subject": "{{ .Status | toUpper }}: {{ .GroupLabels.alertname }}",
            "message": "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ end }}",
        }
        for topic in placed.alarm_topics
    ]
    route = {
        "receiver": "topics",
        "groupBy": ["alertname"],
        "groupWait": "30s",
        "repeatInterval": "4h",
        "matchers": [{"name": "model", "matchType": "=", "value": placed.name}],
    }
    return {"route": route, "receivers": [{"name": "topics", "snsConfigs": topics}]}
