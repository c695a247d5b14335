"""Scores, decisions and groups out of the requests and answers that a model's router recorded in S3 (infra/router/handler.py).

Only figures leave this module: no row and no person's data.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from mlctl.promotion.aws import ask
from mlctl.promotion.canary import Arm
from mlctl.promotion.counting import Count

_MOST = 5_000
"""Records that one look reads; the rest is read by the next."""


class Captured:
    """The records of one model since a moment, counted by version as they come.

    Parameters
    ----------
    favourable
        The decision that is good for whom it is about. None: decisions are not counted.
    group
        The column of the request that names the group. None: groups are not counted.
    """

    def __init__(self, s3: Any, bucket: str, model: str, *, favourable: str | None, group: str | None, since: datetime) -> None:
        self._s3, self._bucket, self._model = s3, bucket, model
        self._favourable, self._group, self._since = favourable, group, since
        self._seen: set[str] = set()
        self._counts: dict[int, Count] = {}

    def read(self, now: datetime) -> dict[int, Arm]:
        """What was counted until now, by version.

        Raises
        ------
        ServiceError
            S3 failed.
        """
        for key in self._new(now):
            self._seen.add(key)
            body = ask(f"s3://{self._bucket}/{key}", self._s3.get_object, Bucket=self._bucket, Key=key)["Body"].read()
            self._count(body)
        return {version: count.arm() for version, count in self._counts.items()}

    def _new(self, now: datetime) -> list[str]:
        """Keys not read yet, hour by hour, oldest first."""
        found: list[str] = []
        hour = self._since.replace(minute=0, second=0, microsecond=0)
        while hour <= now and len(found) < _MOST:
            arguments: dict[str, Any] = {"Bucket": self._bucket, "Prefix": f"capture/{self._model}/{hour:%Y/%m/%d/%H}/"}
            while True:
                page = ask(f"s3://{self._bucket}", self._s3.list_objects_v2, **arguments)
                found += [item["Key"] for item in page.get("Contents", []) if item["Key"] not in self._seen]
                if not page.get("IsTruncated"):
                    break
                arguments["ContinuationToken"] = page["NextContinuationToken"]
            hour += timedelta(hours=1)
        return found[:_MOST]

    def _count(self, body: bytes) -> None:
        """A record that makes no sense, or is older than the step, is passed over: it says nothing about a version."""
        try:
            record = json.loads(body)
            if datetime.fromisoformat(record["time"]) < self._since:
                return
            answers, groups = json.loads(record["response"])["predictions"], _groups(record["request"], self._group)
            count = self._counts.setdefault(int(record["version"]), Count())
            for place, row in enumerate(answers):
                count.read(row, groups[place] if place < len(groups) else None, self._favourable)
        except (ValueError, KeyError, TypeError, AttributeError):
            return


def _groups(request: str, column: str | None) -> list[str | None]:
    """The group of each row of a request in MLflow's form `dataframe_records`; none where it has another form."""
    if column is None:
        return []
    rows = json.loads(request).get("dataframe_records", [])
    return [str(row[column]) if row.get(column) is not None else None for row in rows]
