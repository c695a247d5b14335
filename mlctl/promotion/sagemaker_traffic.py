"""Splits the traffic of a real-time endpoint with two variants, and reads from CloudWatch what each one did.

The share is the variants' weights, which change without a deployment; the next `pulumi up` that touches the endpoint sets what
environments/ says. What a request was about is not in CloudWatch: scores, business and groups are not evaluated here, but by the
monitoring workflow on the captured data.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mlctl.promotion.aws import ask
from mlctl.promotion.canary import Arm
from mlctl.promotion.cloud_counts import EndpointCounts


class SageMakerTraffic:
    """An endpoint with variants `champion` and `challenger`.

    Parameters
    ----------
    sagemaker, cloudwatch
        boto3's clients.
    now
        Wall clock with time zone: CloudWatch keeps time by it.
    """

    def __init__(self, endpoint: str, sagemaker: Any, cloudwatch: Any, *, slow_ms: int, now: Callable[[], datetime]) -> None:
        self._endpoint, self._sagemaker, self._now = endpoint, sagemaker, now
        self._counts = [
            EndpointCounts(endpoint=endpoint, variant=variant, cloudwatch=cloudwatch, slow_ms=slow_ms)
            for variant in ("champion", "challenger")
        ]
        self._since: datetime = now()
        self.failed_for_callers: int | None = None

    def split(self, percent: int) -> None:
        weights = [
            {"VariantName": "champion", "DesiredWeight": float(100 - percent)},
            {"VariantName": "challenger", "DesiredWeight": float(percent)},
        ]
        ask(
            f"endpoint {self._endpoint}",
            self._sagemaker.update_endpoint_weights_and_capacities,
            remedy="check the credentials and that both variants are there",
            EndpointName=self._endpoint,
            DesiredWeightsAndCapacities=weights,
        )
        self._since = self._now()

    def counts(self) -> tuple[Arm, Arm]:
        champion, challenger = (counts.since(self._since, self._now()) for counts in self._counts)
        return champion, challenger
