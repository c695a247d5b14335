"""Keeps what an asynchronous endpoint was asked and what it answered, as soon as SageMaker says that an answer lies in S3.

Runs as an AWS Lambda function that is told by the endpoint's topic. Its settings are in the environment variable `ANSWERS` (JSON, see
`Settings`). The message is described in https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-check-predictions.html.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from infra.router.metrics import count
from infra.router.record import Exchange, Records, side

_TOO_LARGE = 4 * 1024 * 1024
"""What the router takes; requests that came to the endpoint past it may have up to 1 GB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the function is told when it is deployed."""

    model: str
    endpoint: str
    variant: str
    records: Records

    @classmethod
    def read(cls, text: str) -> Settings:
        value = json.loads(text)
        return cls(**{**value, "records": Records(**value["records"])})


class Storage(Protocol):
    """The part of boto3's S3 client that is used."""

    def get_object(self, **request: Any) -> dict[str, Any]: ...

    def put_object(self, **request: Any) -> Any: ...


class TooLargeError(Exception):
    """A request or an answer that is not recorded."""


class Answers:
    """Records the answers of one endpoint."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self._settings = settings
        self._storage = storage

    def handle(self, event: dict[str, Any]) -> None:
        """Take an event of SNS. What fails is raised: Lambda tries again, and puts the event into the queue of failures in the end."""
        for item in event["Records"]:
            notice = json.loads(item["Sns"]["Message"])
            if notice["invocationStatus"] == "Completed" and self._settings.records.wants(notice["inferenceId"]):
                self._keep(notice)

    def _keep(self, notice: dict[str, Any]) -> None:
        settings, asked, answered = self._settings, notice["requestParameters"], notice["responseParameters"]
        try:
            exchange = Exchange(
                identifier=notice["inferenceId"],
                moment=datetime.fromisoformat(notice["receivedTime"]),
                endpoint=settings.endpoint,
                variant=settings.variant,
                asked=self._side("INPUT", asked["inputLocation"], asked.get("contentType")),
                answered=self._side("OUTPUT", answered["outputLocation"], answered.get("contentType")),
            )
        except TooLargeError as error:
            count(settings.model, {"CaptureFailures": 1}, problem=str(error))
            return
        settings.records.keep(exchange, self._storage)

    def _side(self, mode: str, location: str, kind: str | None) -> dict[str, str]:
        bucket, _, key = location.removeprefix("s3://").partition("/")
        found = self._storage.get_object(Bucket=bucket, Key=key)
        if found["ContentLength"] > _TOO_LARGE:
            raise TooLargeError(f"{location} has {found['ContentLength']} bytes; recorded are at most {_TOO_LARGE}")
        return side(mode, found["Body"].read(), kind or found.get("ContentType", "application/json"))


@cache
def _answers() -> Answers:
    """Made once per container."""
    # By name: boto3 is part of the Lambda runtime, and nothing else in infra/ may know it.
    return Answers(Settings.read(os.environ["ANSWERS"]), import_module("boto3").client("s3"))


def handler(event: dict[str, Any], context: object) -> None:
    """Entry point of the Lambda function."""
    _answers().handle(event)
