"""Scores, decisions and groups out of the requests and answers that were recorded in S3: by a model's router (infra/router/handler.py), or
by SageMaker's own data capture of a real-time endpoint. Both have one form:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html.

One JSON object per line, below `<prefix>/<endpoint>/<variant>/<year>/<month>/<day>/<hour>/`. Only figures leave this module: no row and no
person's data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlctl.promotion.aws import ask
from mlctl.promotion.canary import Arm
from mlctl.promotion.counting import Count
from mlctl.promotion.exchange import read_exchange
from mlctl.promotion.watched import Watched, groups_of

_MOST = 5_000
"""Files of a version that one look reads; the rest is read by the next."""
_LATE = timedelta(hours=1)
"""How long after the hour in its folder's name a file may still come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """How recorded requests and answers are read."""

    s3: Any
    """boto3's client."""
    favourable: str | None
    """The decision that is good for whom it is about. None: decisions are not counted."""
    watched: tuple[Watched, ...] = ()

    def since(self, moment: datetime, bucket: str, prefix: str) -> Captured:
        """The records of one version from a moment on; `prefix` up to the variant, without a slash at the end."""
        return Captured(self, moment, bucket, prefix)


class Recorded:
    """The records of both versions. One side's figures hold only beside the other's, so where a look could not read everything of both,
    those of the last look that did are given.
    """

    def __init__(self, sides: Mapping[str, Captured]) -> None:
        self._sides = dict(sides)
        self._last = {name: Arm() for name in sides}

    def arms(self, now: datetime) -> Mapping[str, Arm]:
        """Version → what was counted of it; ServiceError where S3 failed."""
        arms = {name: side.read(now) for name, side in self._sides.items()}
        if all(side.complete for side in self._sides.values()):
            self._last = arms
        return self._last


class Captured:
    """The records of one version since a moment, counted as they come."""

    def __init__(self, records: Records, since: datetime, bucket: str, prefix: str) -> None:
        self._records, self._bucket, self._prefix = records, bucket, prefix
        self._since = since.replace(microsecond=0)
        self._first = _hour(since)
        self._seen: dict[datetime, set[str]] = {}
        """Hour → keys that were read, from the first hour that the next look lists."""
        self._total = Count()
        self.complete = True
        """Whether the last look read everything that was there."""

    def read(self, now: datetime) -> Arm:
        """What was counted until now.

        Raises
        ------
        ServiceError
            S3 failed.
        """
        new = self._new(now)
        for hour, key in new[:_MOST]:
            body = ask(f"s3://{self._bucket}/{key}", self._records.s3.get_object, Bucket=self._bucket, Key=key)["Body"].read()
            self._seen.setdefault(hour, set()).add(key)
            for line in body.splitlines():
                self._count(line)
        self.complete = len(new) <= _MOST
        if self.complete:
            self._first = max(self._first, _hour(now) - _LATE)
            self._seen = {hour: keys for hour, keys in self._seen.items() if hour >= self._first}
        return self._total.arm()

    def _new(self, now: datetime) -> list[tuple[datetime, str]]:
        """(hour, key) of what was not read yet, oldest first; one more than a look reads means that there may be more."""
        found: list[tuple[datetime, str]] = []
        hour = self._first
        while hour <= now and len(found) <= _MOST:
            seen = self._seen.get(hour, set())
            found += [(hour, key) for key in self._keys(hour) if key not in seen]
            hour += timedelta(hours=1)
        return found

    def _keys(self, hour: datetime) -> Iterator[str]:
        arguments: dict[str, Any] = {"Bucket": self._bucket, "Prefix": f"{self._prefix}/{hour:%Y/%m/%d/%H}/"}
        while True:
            page = ask(f"s3://{self._bucket}", self._records.s3.list_objects_v2, **arguments)
            yield from (item["Key"] for item in page.get("Contents", []))
            if not page.get("IsTruncated"):
                return
            arguments["ContinuationToken"] = page["NextContinuationToken"]

    def _count(self, line: bytes) -> None:
        """A record that makes no sense, or is older than the step, is passed over: it says nothing about a version."""
        exchange = read_exchange(line)
        if exchange is None or exchange.at < self._since:
            return
        for answer, row in exchange.answers:
            self._total.read(answer, groups_of(row, self._records.watched), self._records.favourable)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
