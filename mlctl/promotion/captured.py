"""Scores, decisions and groups out of the requests and answers that a model's router recorded in S3 (infra/router/handler.py).

The form is that of SageMaker's data capture: one JSON object per line, below `<prefix>/<endpoint>/<variant>/<year>/<month>/<day>/<hour>/`.
Only figures leave this module: no row and no person's data.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mlctl.promotion.aws import ask
from mlctl.promotion.canary import Arm
from mlctl.promotion.counting import Count

_MOST = 5_000
"""Files of a version that one look reads; the rest is read by the next."""


class Captured:
    """The records of one version since a moment, counted as they come.

    Parameters
    ----------
    prefix
        Up to the variant, without a slash at the end.
    favourable
        The decision that is good for whom it is about. None: decisions are not counted.
    attributes
        Columns of the request that name groups.
    """

    def __init__(self, s3: Any, bucket: str, prefix: str, *, favourable: str | None, attributes: Sequence[str], since: datetime) -> None:
        self._s3, self._bucket, self._prefix = s3, bucket, prefix
        self._favourable, self._attributes, self._since = favourable, tuple(attributes), since.replace(microsecond=0)
        self._seen: set[str] = set()
        self._total = Count()

    def read(self, now: datetime) -> Arm:
        """What was counted until now.

        Raises
        ------
        ServiceError
            S3 failed.
        """
        for key in self._new(now):
            self._seen.add(key)
            body = ask(f"s3://{self._bucket}/{key}", self._s3.get_object, Bucket=self._bucket, Key=key)["Body"].read()
            for line in body.splitlines():
                self._count(line)
        return self._total.arm()

    def _new(self, now: datetime) -> list[str]:
        """Keys not read yet, hour by hour, oldest first."""
        found: list[str] = []
        hour = self._since.replace(minute=0, second=0)
        while hour <= now and len(found) < _MOST:
            arguments: dict[str, Any] = {"Bucket": self._bucket, "Prefix": f"{self._prefix}/{hour:%Y/%m/%d/%H}/"}
            while True:
                page = ask(f"s3://{self._bucket}", self._s3.list_objects_v2, **arguments)
                found += [item["Key"] for item in page.get("Contents", []) if item["Key"] not in self._seen]
                if not page.get("IsTruncated"):
                    break
                arguments["ContinuationToken"] = page["NextContinuationToken"]
            hour += timedelta(hours=1)
        return found[:_MOST]

    def _count(self, line: bytes) -> None:
        """A record that makes no sense, or is older than the step, is passed over: it says nothing about a version."""
        try:
            record = json.loads(line)
            if datetime.fromisoformat(record["eventMetadata"]["inferenceTime"]) < self._since:
                return
            sides = record["captureData"]
            groups = _groups(_side(sides["endpointInput"]), self._attributes)
            for place, row in enumerate(json.loads(_side(sides["endpointOutput"]))["predictions"]):
                self._total.read(row, groups[place] if place < len(groups) else (), self._favourable)
        except (ValueError, KeyError, TypeError, AttributeError):
            return


def _side(side: Mapping[str, str]) -> str:
    return base64.b64decode(side["data"]).decode() if side["encoding"] == "BASE64" else side["data"]


def _groups(request: str, attributes: Sequence[str]) -> list[list[str]]:
    """The groups of each row of a request in MLflow's form `dataframe_records`; none where it has another form."""
    rows = json.loads(request).get("dataframe_records", [])
    return [[f"{name}: {row[name]}" for name in attributes if row.get(name) is not None] for row in rows]
