"""What CloudWatch counted about one variant of an endpoint: requests, server errors, slow answers.

Slow answers are counted by the percentile rank of ModelLatency (`PR(:limit)`, microseconds), minute by minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlctl.promotion.aws import ask
from mlctl.promotion.canary import Arm

_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCounts:
    """The counts of an endpoint's variant.

    `cloudwatch` is boto3's client; `slow_ms` what later than counts as slow, milliseconds.
    """

    endpoint: str
    variant: str
    cloudwatch: Any
    slow_ms: int

    def since(self, start: datetime, now: datetime) -> Arm:
        """Everything counted since then.

        Raises
        ------
        ServiceError
            CloudWatch failed.
        """
        queries = [
            self._query("requests", "Invocations", "Sum"),
            self._query("errors", "Invocation5XXErrors", "Sum"),
            self._query("within", "ModelLatency", f"PR(:{self.slow_ms * 1000})"),
        ]
        end = max(now, start + timedelta(seconds=_MINUTE))
        what = f"endpoint {self.endpoint}"
        found: dict[str, dict[datetime, float]] = {}
        arguments: dict[str, Any] = {"MetricDataQueries": queries, "StartTime": start, "EndTime": end}
        while True:
            answer = ask(what, self.cloudwatch.get_metric_data, **arguments)
            for item in answer["MetricDataResults"]:
                found.setdefault(item["Id"], {}).update(zip(item["Timestamps"], item["Values"], strict=True))
            if not answer.get("NextToken"):
                break
            arguments["NextToken"] = answer["NextToken"]
        requests = found.get("requests", {})
        slow = sum(requests.get(moment, 0.0) * (100 - share) / 100 for moment, share in found.get("within", {}).items())
        return Arm(requests=round(sum(requests.values())), errors=round(sum(found.get("errors", {}).values())), slow=round(slow))

    def _query(self, identifier: str, metric: str, statistic: str) -> dict[str, Any]:
        dimensions = [{"Name": "EndpointName", "Value": self.endpoint}, {"Name": "VariantName", "Value": self.variant}]
        measured = {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions}
        return {"Id": identifier, "MetricStat": {"Metric": measured, "Period": _MINUTE, "Stat": statistic}}
