"""When people are told that a model answers wrongly, slowly, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.serving.placed_model import PlacedModel
from infra.serving.request_metrics import Metric, RequestMetrics

_FIVE_MINUTES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAlarmsArgs:
    """Of which model, from which figures."""

    placed: PlacedModel
    metrics: RequestMetrics
    silence: bool = True
    """Also alarm when there are no requests, where the configuration asks for it. Off for a challenger and for asynchronous endpoints that
    rest at zero instances."""


class ModelAlarms(pulumi.ComponentResource):
    """Creates alarms on errors (share of server errors), latency (99th percentile), throttled requests, and, unless the configuration says
    that silence is normal, on no traffic.
    """

    def __init__(self, name: str, args: ModelAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:ModelAlarms", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        model, limits = args.placed.name, args.placed.model.alarms
        errors = self._errors(limits.error_percent)
        latency = self._alarm(
            "p99",
            f"99 of 100 answers of {model} take more than {limits.p99_ms} ms",
            **_of(args.metrics.latency),
            extended_statistic="p99",
            threshold=limits.p99_ms * args.metrics.per_millisecond,
            period=60,
            evaluation_periods=3,
        )
        self._alarm(
            "throttles",
            f"Requests to {model} are refused because too many come at once",
            **_of(args.metrics.throttles),
            statistic="Sum",
            threshold=0,
            period=_FIVE_MINUTES,
        )
        if args.silence and limits.no_traffic_minutes is not None:
            self._silence(limits.no_traffic_minutes)
        self.rollback_names = [errors.name, latency.name]
        self.register_outputs({"rollback_names": self.rollback_names})

    def _alarm(self, short: str, description: str, **given: Any) -> aws.cloudwatch.MetricAlarm:
        placed = self._args.placed
        settings = {"evaluation_periods": 1, "comparison_operator": "GreaterThanThreshold", "treat_missing_data": "notBreaching", **given}
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-{short}",
            alarm_description=description,
            alarm_actions=placed.alarm_topics,
            ok_actions=placed.alarm_topics,
            tags=dict(placed.tags),
            opts=self._child,
            **settings,
        )

    def _errors(self, percent: float) -> aws.cloudwatch.MetricAlarm:
        metrics = self._args.metrics
        rate = {"id": "rate", "expression": "IF(requests > 0, 100 * errors / requests, 0)", "label": "5xx, percent", "return_data": True}
        return self._alarm(
            "errors",
            f"More than {percent:g} % of the answers of {self._args.placed.name} are server errors",
            metric_queries=[_sum("errors", metrics.errors), _sum("requests", metrics.requests), rate],
            threshold=percent,
        )

    def _silence(self, minutes: int) -> None:
        self._alarm(
            "no-traffic",
            f"No request has reached {self._args.placed.name} for {minutes} minutes",
            **_of(self._args.metrics.requests),
            statistic="Sum",
            threshold=1,
            period=60 * minutes,
            comparison_operator="LessThanThreshold",
            treat_missing_data="breaching",
        )


def _of(metric: Metric) -> dict[str, Any]:
    return {"namespace": metric.namespace, "metric_name": metric.name, "dimensions": dict(metric.dimensions) or None}


def _sum(identifier: str, metric: Metric) -> dict[str, Any]:
    return {"id": identifier, "metric": {**_of(metric), "period": _FIVE_MINUTES, "stat": "Sum"}}
