"""When people are told that a model answers wrongly, slowly, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.router.handler import NAMESPACE
from infra.serving.placed_model import PlacedModel

_FIVE_MINUTES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAlarmsArgs:
    """Which variant of which endpoint."""

    placed: PlacedModel
    endpoint_name: str
    variant: str
    silence: bool = True
    """Also alarm when there are no requests, where the configuration asks for it. Off for a challenger and for asynchronous endpoints that
    rest at zero instances."""


class ModelAlarms(pulumi.ComponentResource):
    """Creates alarms on errors (share of 5xx), latency (99th percentile), throttled requests as the router counts them, and, unless the
    configuration says that silence is normal, on no traffic.
    """

    def __init__(self, name: str, args: ModelAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:ModelAlarms", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._endpoint = {"EndpointName": args.endpoint_name, "VariantName": args.variant}
        limits = args.placed.model.alarms
        self.errors = self._error_rate(limits.error_percent)
        self.latency = self._alarm(
            "p99",
            f"99 of 100 answers of {args.placed.name} take more than {limits.p99_ms} ms",
            metric_name="ModelLatency",
            extended_statistic="p99",
            threshold=limits.p99_ms * 1000,  # the metric is in microseconds
        )
        self.throttles = self._alarm(
            "throttles",
            f"Requests to {args.placed.name} are refused because too many come at once",
            namespace=NAMESPACE,
            metric_name="Throttles",
            statistic="Sum",
            threshold=0,
            dimensions={"Model": args.placed.name},
        )
        if args.silence and limits.no_traffic_minutes is not None:
            self._silence(limits.no_traffic_minutes)
        self.rollback_names = [self.errors.name, self.latency.name]
        self.register_outputs({"rollback_names": self.rollback_names})

    def _alarm(
        self,
        short: str,
        description: str,
        *,
        metric_name: str,
        threshold: float,
        namespace: str = "AWS/SageMaker",
        statistic: str | None = None,
        extended_statistic: str | None = None,
        dimensions: Mapping[str, str] | None = None,
    ) -> aws.cloudwatch.MetricAlarm:
        placed = self._args.placed
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-{short}",
            alarm_description=description,
            namespace=namespace,
            metric_name=metric_name,
            dimensions=dict(dimensions or self._endpoint),
            statistic=statistic,
            extended_statistic=extended_statistic,
            period=_FIVE_MINUTES if short == "throttles" else 60,
            evaluation_periods=1 if short == "throttles" else 3,
            threshold=threshold,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=placed.alarm_topics,
            ok_actions=placed.alarm_topics,
            tags=dict(placed.tags),
            opts=self._child,
        )

    def _error_rate(self, percent: float) -> aws.cloudwatch.MetricAlarm:
        placed = self._args.placed
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-errors",
            alarm_description=f"More than {percent:g} % of the answers of {placed.name} are server errors",
            metric_queries=[
                self._sum("errors", "Invocation5XXErrors"),
                self._sum("requests", "Invocations"),
                {"id": "rate", "expression": "IF(requests > 0, 100 * errors / requests, 0)", "label": "5xx, percent", "return_data": True},
            ],
            evaluation_periods=1,
            threshold=percent,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=placed.alarm_topics,
            ok_actions=placed.alarm_topics,
            tags=dict(placed.tags),
            opts=self._child,
        )

    def _sum(self, identifier: str, metric: str) -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
        return {
            "id": identifier,
            "metric": {
                "namespace": "AWS/SageMaker",
                "metric_name": metric,
                "dimensions": self._endpoint,
                "period": _FIVE_MINUTES,
                "stat": "Sum",
            },
        }

    def _silence(self, minutes: int) -> None:
        placed = self._args.placed
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-no-traffic",
            alarm_description=f"No request has reached {placed.name} for {minutes} minutes",
            namespace="AWS/SageMaker",
            metric_name="Invocations",
            dimensions=self._endpoint,
            statistic="Sum",
            period=60 * minutes,
            evaluation_periods=1,
            threshold=1,
            comparison_operator="LessThanThreshold",
            treat_missing_data="breaching",
            alarm_actions=placed.alarm_topics,
            ok_actions=placed.alarm_topics,
            tags=dict(placed.tags),
            opts=self._child,
        )
