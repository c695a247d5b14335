"""Where the cluster's workflows leave evidence: one object per event, in the audit bucket, whose objects nobody can change.

A pod cannot write into the log, which lies in git. It puts its events here, and `mlctl evidence collect` takes them into the log's
chains. Keys are `<prefix>/<model>/<fingerprint>.json`: a step that is tried again finds its event there already.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from mlctl.errors import InputError, ServiceError
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event, canonical, fingerprint
from mlctl.evidence.workflow_say import check_say

SCHEME = "s3://"
FOLDER = "evidence-inbox"
"""Last part of the prefix, below the team's own: `<team>/evidence-inbox/<model>/…`."""
_THERE_ALREADY = ("PreconditionFailed", "ConditionalRequestConflict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What of an inbox the log does not hold."""

    events: tuple[Event, ...]
    """The oldest first."""
    refused: tuple[str, ...]
    """Objects that are not taken, and why, one line each."""


class Inbox:
    """A bucket with object lock, and the prefix below which events are left.

    Parameters
    ----------
    s3
        boto3's client.
    """

    def __init__(self, bucket: str, prefix: str, s3: Any) -> None:
        self._bucket, self._prefix, self._s3 = bucket, prefix.strip("/"), s3

    @staticmethod
    def at(address: str, s3: Any) -> Inbox:
        """The inbox at `s3://bucket/prefix`.

        Raises
        ------
        InputError
            It is no such address.
        """
        bucket, _, prefix = address.removeprefix(SCHEME).partition("/")
        if not address.startswith(SCHEME) or not bucket or not prefix.strip("/"):
            raise InputError(f"{address!r} is no place for evidence", key="evidence-log", allowed="a folder, or s3://BUCKET/PREFIX")
        return Inbox(bucket, prefix, s3)

    def put(self, events: Sequence[Event]) -> int:
        """Leave the events; how many were not there yet.

        Raises
        ------
        ServiceError
            S3 refuses or does not answer; leaving them again does no harm.
        """
        return sum(self._put(event) for event in events)

    def contents(self, log: EvidenceLog, owners: Mapping[str, str]) -> Contents:
        """What the log does not hold; `owners` gives the team of each model, below whose name alone its events are believed.

        Raises
        ------
        ServiceError
            S3 refuses or does not answer.
        """
        known = {fingerprint(record) for record in log.records()}
        events: list[Event] = []
        refused: list[str] = []
        for key, content in self._every():
            try:
                event = _event(key, content, owners)
            except InputError as error:
                refused.append(f"s3://{self._bucket}/{key}: {error.problem}")
                continue
            if fingerprint(event) not in known:
                events.append(event)
        return Contents(
            events=tuple(sorted(events, key=lambda event: (datetime.fromisoformat(event.date), fingerprint(event)))), refused=tuple(refused)
        )

    def collect(self, log: EvidenceLog, owners: Mapping[str, str]) -> Contents:
        """Append what the log does not hold to its chains. Repeating it does no harm."""
        found = self.contents(log, owners)
        if found.events:
            log.append(found.events)
        return found

    def _put(self, event: Event) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError

        key = f"{self._prefix}/{event.model}/{fingerprint(event)}.json"
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=canonical(asdict(event)).encode(),
                ContentType="application/json",
                ChecksumAlgorithm="SHA256",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _THERE_ALREADY:
                return False
            raise self._failed("put_object", error) from None
        except BotoCoreError as error:
            raise self._failed("put_object", error) from None
        return True

    def _every(self) -> Iterator[tuple[str, bytes]]:
        """(key, content) of every object in an inbox."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            for page in self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"{self._prefix}/" if self._prefix else ""
            ):
                for key in (str(item["Key"]) for item in page.get("Contents", [])):
                    if f"/{FOLDER}/" in key:
                        yield key, self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise self._failed("list_objects_v2 or get_object", error) from None

    def _failed(self, call: str, error: Exception) -> ServiceError:
        return ServiceError(f"S3 {call} on {self._bucket}: {error}", remedy="try again; what was left there stays")


def _event(key: str, content: bytes, owners: Mapping[str, str]) -> Event:
    try:
        event = Event(**json.loads(content))
    except (ValueError, TypeError) as error:
        raise InputError(f"is no event: {error}") from None
    check_say(event)
    team = owners.get(event.model)
    if key != f"{team}/{FOLDER}/{event.model}/{fingerprint(event)}.json":
        raise InputError(f"an event about {event.model!r} with this content does not belong there")
    return event
