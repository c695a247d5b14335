"""Keeps requests and answers in S3 where no endpoint does so itself: a serverless one captures nothing, nor does an asynchronous one.

A record has the form and the place of SageMaker's own data capture, so that whoever reads one reads the other:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

_ENCODINGS = {"application/json": "JSON", "text/csv": "CSV"}


class Storage(Protocol):
    """The part of boto3's S3 client that is used."""

    def put_object(self, **request: Any) -> Any: ...


def share(key: str) -> float:
    """A number in [0, 100) that is the same for the same key, and spread evenly over different ones."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64 * 100


def side(mode: str, body: bytes, kind: str) -> dict[str, str]:
    """One side of a record (`INPUT` or `OUTPUT`): text as it is where the content type says so, base64 otherwise."""
    encoding = _ENCODINGS.get(kind.partition(";")[0].strip().lower(), "BASE64")
    data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode(errors="replace")
    return {"observedContentType": kind, "mode": mode, "data": data, "encoding": encoding}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its answer."""

    identifier: str
    moment: datetime
    """When the request came."""
    endpoint: str
    variant: str
    asked: dict[str, str]
    answered: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Where the records of one model lie."""

    bucket: str
    prefix: str
    """Folder of this model's records, without a slash at the end."""
    percent: int
    """Share of requests that is recorded."""
    key: str
    """KMS key of the records."""

    def wants(self, identifier: str) -> bool:
        return share(f"capture {identifier}") < self.percent

    def keep(self, exchange: Exchange, storage: Storage) -> None:
        moment, identifier = exchange.moment.astimezone(UTC), exchange.identifier
        about = {"eventId": identifier, "inferenceId": identifier, "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        sides = {"endpointInput": exchange.asked, "endpointOutput": exchange.answered}
        record = {"captureData": sides, "eventMetadata": about, "eventVersion": "0"}
        storage.put_object(
            Bucket=self.bucket,
            Key=f"{self.prefix}/{exchange.endpoint}/{exchange.variant}/{moment:%Y/%m/%d/%H}/{identifier}.jsonl",
            Body=json.dumps(record).encode() + b"\n",
            ContentType="application/jsonlines",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self.key,
        )
