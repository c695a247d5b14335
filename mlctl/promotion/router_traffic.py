"""Splits the traffic of a serverless model at its router, and reads what each version did.

The router (infra/router) is a Lambda function whose variable ROUTER holds the endpoints and their weights; changing it needs no
deployment. Requests, errors and slow answers come from CloudWatch; scores, decisions and groups from the requests and answers that the
router records in S3, by endpoint. Where it records a share only, what is counted of them is that share's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from mlctl.errors import InputError
from mlctl.promotion.aws import ask
from mlctl.promotion.canary import Arm
from mlctl.promotion.captured import Recorded, Records
from mlctl.promotion.cloud_counts import EndpointCounts

SETTINGS = "ROUTER"
_VARIANT = "champion"
"""Each serverless endpoint has one variant, of this name (infra/serving/variant.py)."""


class RouterTraffic:
    """The router of one model with a challenger.

    Parameters
    ----------
    endpoint
        Of the champion; the challenger's has `-challenger` behind it, the router `-router`.
    functions, cloudwatch
        boto3's clients of Lambda and CloudWatch.
    """

    def __init__(
        self, endpoint: str, functions: Any, cloudwatch: Any, records: Records, *, slow_ms: int, now: Callable[[], datetime]
    ) -> None:
        self._function, self._endpoint, self._functions, self._now = f"{endpoint}-router", endpoint, functions, now
        self._records = records
        self._counts = {
            name: EndpointCounts(endpoint=name, variant=_VARIANT, cloudwatch=cloudwatch, slow_ms=slow_ms)
            for name in (endpoint, f"{endpoint}-challenger")
        }
        targets = {target["endpoint"] for target in self._settings()["targets"]}
        if targets != set(self._counts):
            found = ", ".join(sorted(targets))
            raise InputError(
                f"{self._function} stands before {found}", allowed=", ".join(self._counts), remedy="deploy the challenger first"
            )
        self._since: datetime = now()
        self._recorded = self._start_recording()
        self.failed_for_callers: int | None = None

    def split(self, percent: int) -> None:
        settings = self._settings()
        weights = {self._endpoint: 100 - percent, f"{self._endpoint}-challenger": percent}
        settings["targets"] = [{**target, "weight": weights[target["endpoint"]]} for target in settings["targets"]]
        variables = {**self._variables(), SETTINGS: json.dumps(settings, sort_keys=True)}
        functions = self._functions
        ask(self._function, functions.update_function_configuration, FunctionName=self._function, Environment={"Variables": variables})
        ask(self._function, functions.get_waiter("function_updated_v2").wait, FunctionName=self._function)
        self._since = self._now()
        self._recorded = self._start_recording()

    def counts(self) -> tuple[Arm, Arm]:
        now = self._now()
        seen = self._recorded.arms(now)
        champion, challenger = (counts.since(self._since, now).about(seen[name]) for name, counts in self._counts.items())
        return champion, challenger

    def _start_recording(self) -> Recorded:
        settings = self._settings()
        bucket, prefix = settings["capture_bucket"], settings["capture_prefix"]
        folders = {target["endpoint"]: f"{prefix}/{target['endpoint']}/{target['variant']}" for target in settings["targets"]}
        return Recorded({name: self._records.since(self._since, bucket, folder) for name, folder in folders.items()})

    def _variables(self) -> dict[str, str]:
        answer = ask(self._function, self._functions.get_function_configuration, FunctionName=self._function)
        found: dict[str, str] = answer.get("Environment", {}).get("Variables", {})
        return found

    def _settings(self) -> dict[str, Any]:
        try:
            value = json.loads(self._variables()[SETTINGS])
            if isinstance(value["targets"], list) and value["capture_bucket"] and value["capture_prefix"]:
                found: dict[str, Any] = value
                return found
        except (KeyError, TypeError, ValueError):
            pass
        raise InputError(f"{self._function} has no settings in {SETTINGS}", remedy="deploy the serving stack again")
