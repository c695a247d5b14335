"""Splits the traffic of a real-time endpoint with two variants, and reads what each one did.

The share is the variants' weights, which change without a deployment; the next `pulumi up` that touches the endpoint sets what
environments/ says. Requests, errors and slow answers come from CloudWatch; scores, decisions and groups from the requests and answers that
SageMaker's data capture records in S3, by variant. Where it records a share only, what is counted of them is that share's; where it records
nothing, they are not evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mlctl.promotion.aws import ask
from mlctl.promotion.canary import Arm
from mlctl.promotion.captured import Recorded, Records
from mlctl.promotion.cloud_counts import EndpointCounts

_VARIANTS = ("champion", "challenger")


class SageMakerTraffic:
    """An endpoint with variants `champion` and `challenger`.

    Parameters
    ----------
    sagemaker, cloudwatch
        boto3's clients.
    now
        Wall clock with time zone: CloudWatch and the folders of captured requests keep time by it.
    """

    def __init__(
        self, endpoint: str, sagemaker: Any, cloudwatch: Any, records: Records, *, slow_ms: int, now: Callable[[], datetime]
    ) -> None:
        self._endpoint, self._sagemaker, self._records, self._now = endpoint, sagemaker, records, now
        self._counts = {
            variant: EndpointCounts(endpoint=endpoint, variant=variant, cloudwatch=cloudwatch, slow_ms=slow_ms) for variant in _VARIANTS
        }
        self._since: datetime = now()
        self._recorded = Recorded({})
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
        self._recorded = self._start_recording() if percent else Recorded({})

    def counts(self) -> tuple[Arm, Arm]:
        now = self._now()
        seen = self._recorded.arms(now)
        champion, challenger = (self._counts[name].since(self._since, now).about(seen.get(name, Arm())) for name in _VARIANTS)
        return champion, challenger

    def _start_recording(self) -> Recorded:
        """Where SageMaker records: `<destination>/<endpoint>/<variant>/…`; empty where it records nothing."""
        found = ask(f"endpoint {self._endpoint}", self._sagemaker.describe_endpoint, EndpointName=self._endpoint)
        capture = found.get("DataCaptureConfig") or {}
        if not capture.get("EnableCapture") or capture.get("CaptureStatus") == "Stopped":
            return Recorded({})
        bucket, _, folder = str(capture["DestinationS3Uri"]).removeprefix("s3://").partition("/")
        place = f"{folder.rstrip('/')}/{self._endpoint}"
        return Recorded({variant: self._records.since(self._since, bucket, f"{place}/{variant}") for variant in _VARIANTS})
