"""Splits the traffic of a real-time endpoint with two variants, and reads from CloudWatch what each one did.

The share is the variants' weights, which change without a deployment; the next `pulumi up` sets what environments/ says. Slow answers are
counted by CloudWatch's percentile rank of ModelLatency (`PR(:limit)`, microseconds). What a request was about is not in CloudWatch: scores,
business and groups are not evaluated here, but by the monitoring workflow on the captured data.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mlctl.errors import ServiceError
from mlctl.promotion.canary import Arm

_MINUTE = 60


class SageMakerTraffic:
    """An endpoint with variants `champion` and `challenger`.

    Parameters
    ----------
    sagemaker, cloudwatch
        boto3's clients.
    now
        Wall clock with time zone: CloudWatch keeps time by it.
    """

    def __init__(self, endpoint: str, sagemaker: Any, cloudwatch: Any, *, slow_ms: int, now: Any) -> None:
        self._endpoint, self._sagemaker, self._cloudwatch = endpoint, sagemaker, cloudwatch
        self._slow, self._now = slow_ms * 1000, now
        self._since: datetime = now()

    def split(self, percent: int) -> None:
        weights = [
            {"VariantName": "champion", "DesiredWeight": float(100 - percent)},
            {"VariantName": "challenger", "DesiredWeight": float(percent)},
        ]
        self._ask(self._sagemaker.update_endpoint_weights_and_capacities, EndpointName=self._endpoint, DesiredWeightsAndCapacities=weights)
        self._since = self._now()

    def counts(self) -> tuple[Arm, Arm]:
        return self._arm("champion"), self._arm("challenger")

    def _arm(self, variant: str) -> Arm:
        queries = [
            self._query("requests", variant, "Invocations", "Sum"),
            self._query("errors", variant, "Invocation5XXErrors", "Sum"),
            self._query("within", variant, "ModelLatency", f"PR(:{self._slow})"),
        ]
        end = max(self._now(), self._since + timedelta(seconds=_MINUTE))
        answer = self._ask(self._cloudwatch.get_metric_data, MetricDataQueries=queries, StartTime=self._since, EndTime=end)
        found = {item["Id"]: dict(zip(item["Timestamps"], item["Values"], strict=True)) for item in answer["MetricDataResults"]}
        requests = found.get("requests", {})
        slow = sum(requests.get(moment, 0.0) * (100 - share) / 100 for moment, share in found.get("within", {}).items())
        return Arm(requests=round(sum(requests.values())), errors=round(sum(found.get("errors", {}).values())), slow=round(slow))

    def _query(self, identifier: str, variant: str, metric: str, statistic: str) -> dict[str, Any]:
        dimensions = [{"Name": "EndpointName", "Value": self._endpoint}, {"Name": "VariantName", "Value": variant}]
        measured = {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions}
        return {"Id": identifier, "MetricStat": {"Metric": measured, "Period": _MINUTE, "Stat": statistic}}

    def _ask(self, call: Any, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = call(**arguments)
        except (BotoCoreError, ClientError) as error:
            raise ServiceError(
                f"endpoint {self._endpoint}: {error}", remedy="check the credentials and that both variants are there"
            ) from None
        return answer
