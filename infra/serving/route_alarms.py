"""The four alarms of a model that nothing but the front door counts: one in KServe's Standard mode, whose pods keep no figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.serving.front_door import FrontDoor
from infra.serving.placed_model import PlacedModel

NAMESPACE = "MLPlatform/FrontDoor"
_GATEWAY = "AWS/ApiGateway"
_FIVE_MINUTES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAlarmsArgs:
    """Which model, behind which door."""

    placed: PlacedModel
    front_door: FrontDoor
    path: str
    """Of its route: `/models/churn`."""


class RouteAlarms(pulumi.ComponentResource):
    """Creates alarms on errors (share of 5xx), latency (99th percentile), throttled requests (429, counted by a metric filter on the access
    log, since an HTTP API has no metric of them), and, unless the configuration says that silence is normal, on no traffic.
    """

    def __init__(self, name: str, args: RouteAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:RouteAlarms", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
        self._route = {"ApiId": args.front_door.api_id, "Stage": "$default", "Method": "POST", "Resource": args.path}
        model, limits = args.placed.name, args.placed.model.alarms
        self._errors(limits.error_percent)
        self._alarm(
            "p99",
            f"99 of 100 answers of {model} take more than {limits.p99_ms} ms",
            namespace=_GATEWAY,
            metric_name="Latency",
            dimensions=self._route,
            extended_statistic="p99",
            threshold=limits.p99_ms,
            period=60,
            evaluation_periods=3,
        )
        self._throttles()
        if limits.no_traffic_minutes is not None:
            self._alarm(
                "no-traffic",
                f"No request has reached {model} for {limits.no_traffic_minutes} minutes",
                namespace=_GATEWAY,
                metric_name="Count",
                dimensions=self._route,
                statistic="Sum",
                threshold=1,
                period=60 * limits.no_traffic_minutes,
                comparison_operator="LessThanThreshold",
                treat_missing_data="breaching",
            )
        self.register_outputs({"path": args.path})

    def _alarm(self, short: str, description: str, **given: Any) -> None:
        placed = self._args.placed
        settings = {"evaluation_periods": 1, "comparison_operator": "GreaterThanThreshold", "treat_missing_data": "notBreaching", **given}
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{short}",
            alarm_description=description,
            alarm_actions=placed.alarm_topics,
            ok_actions=placed.alarm_topics,
            tags=dict(placed.tags),
            opts=self._child,
            **settings,
        )

    def _errors(self, percent: float) -> None:
        rate = {"id": "rate", "expression": "IF(requests > 0, 100 * errors / requests, 0)", "label": "5xx, percent", "return_data": True}
        self._alarm(
            "errors",
            f"More than {percent:g} % of the answers of {self._args.placed.name} are server errors",
            metric_queries=[self._sum("errors", "5xx"), self._sum("requests", "Count"), rate],
            threshold=percent,
        )

    def _sum(self, identifier: str, metric: str) -> dict[str, Any]:
        counted = {"namespace": _GATEWAY, "metric_name": metric, "dimensions": self._route, "period": _FIVE_MINUTES, "stat": "Sum"}
        return {"id": identifier, "metric": counted}

    def _throttles(self) -> None:
        model = self._args.placed.name
        metric = f"Throttles-{model}"
        aws.cloudwatch.LogMetricFilter(
            f"{self._name}-throttles",
            log_group_name=self._args.front_door.log_group,
            pattern=f'{{ ($.route = "POST {self._args.path}") && ($.status = "429") }}',
            metric_transformation={"namespace": NAMESPACE, "name": metric, "value": "1"},
            opts=self._child,
        )
        self._alarm(
            "throttles",
            f"Requests to {model} are refused because too many come at once",
            namespace=NAMESPACE,
            metric_name=metric,
            statistic="Sum",
            threshold=0,
            period=_FIVE_MINUTES,
        )
