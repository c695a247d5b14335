"""The router in front of one model: takes an authenticated HTTP request, picks a version by weight, asks its endpoint, keeps a record.

Runs as an AWS Lambda function behind an HTTP API. Its settings are in the environment variable `ROUTER` (JSON, see `Settings`).
The record of a request and its answer goes to S3, because a serverless endpoint captures nothing itself (see `record`).
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from infra.router.metrics import count
from infra.router.record import Exchange, Records, Storage, share, side

_TOO_LARGE = 4 * 1024 * 1024
"""SageMaker serverless takes 4 MB; HTTP APIs and Lambda stop at 6 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One endpoint and its share of the requests."""

    endpoint: str
    variant: str
    """`champion` or `challenger`: a folder of the records."""
    version: int
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the router is told when it is deployed."""

    model: str
    targets: tuple[Target, ...]
    """Weights are relative to their sum."""
    asynchronous: bool
    """Put the request into S3 and answer 202 with the place of the result."""
    bucket: str
    """For asynchronous requests."""
    capture_bucket: str
    """For records."""
    capture_prefix: str
    """Folder of this model's records, without a slash at the end."""
    capture_percent: int
    """Share of requests that is recorded."""
    key: str
    """KMS key of the records."""

    @classmethod
    def read(cls, text: str) -> Settings:
        value = json.loads(text)
        return cls(**{**value, "targets": tuple(Target(**target) for target in value["targets"])})


class Runtime(Protocol):
    """The part of boto3's SageMaker runtime client that is used."""

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]: ...

    def invoke_endpoint_async(self, **request: Any) -> dict[str, Any]: ...


class RefusedError(Exception):
    """The request cannot be answered; `status` is the HTTP status that the caller gets."""

    def __init__(self, status: int, problem: str) -> None:
        self.status = status
        self.problem = problem
        super().__init__(problem)


def choose(targets: tuple[Target, ...], key: str) -> Target:
    """The target for a key: the same one every time while the weights stay."""
    point = share(key) * sum(target.weight for target in targets) / 100
    for target in targets:
        if point < target.weight:
            return target
        point -= target.weight
    return targets[-1]


def body_of(event: dict[str, Any]) -> bytes:
    """The request's body; `RefusedError` where there is none or too much."""
    text = event.get("body") or ""
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    if not body:
        raise RefusedError(400, "the request has no body; send the rows to score")
    if len(body) > _TOO_LARGE:
        raise RefusedError(413, f"the body has {len(body)} bytes; allowed: {_TOO_LARGE}. Send fewer rows")
    return body


class Router:
    """Answers the requests to one model."""

    def __init__(self, settings: Settings, runtime: Runtime, storage: Storage) -> None:
        self._settings = settings
        self._runtime = runtime
        self._storage = storage
        self._records = Records(
            bucket=settings.capture_bucket, prefix=settings.capture_prefix, percent=settings.capture_percent, key=settings.key
        )

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """The HTTP answer to an event of an HTTP API (payload format 2.0)."""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        identifier = event["requestContext"]["requestId"]
        # Callers that name an entity in x-routing-key see one version all along; the others are spread by request.
        target = choose(self._settings.targets, headers.get("x-routing-key") or identifier)
        try:
            body = body_of(event)
            kind = headers.get("content-type", "application/json")
            if self._settings.asynchronous:
                return self._enqueue(event, target, body, kind)
            answer, answer_kind = self._ask(target, identifier, body, kind)
        except RefusedError as refused:
            self._count(target, refused.status)
            return _answer(refused.status, json.dumps({"error": refused.problem}), "application/json", target)
        self._record(event, target, side("INPUT", body, kind), side("OUTPUT", answer, answer_kind))
        self._count(target, 200)
        return _answer(200, answer.decode(), answer_kind, target)

    def _ask(self, target: Target, identifier: str, body: bytes, kind: str) -> tuple[bytes, str]:
        request = {"EndpointName": target.endpoint, "Body": body, "ContentType": kind, "InferenceId": identifier}
        try:
            response = self._runtime.invoke_endpoint(**request)
        except Exception as error:
            raise _refusal(error) from error
        return response["Body"].read(), response.get("ContentType", "application/json")

    def _enqueue(self, event: dict[str, Any], target: Target, body: bytes, kind: str) -> dict[str, Any]:
        identifier = event["requestContext"]["requestId"]
        key = f"async/{self._settings.model}/input/{identifier}"
        try:
            self._storage.put_object(Bucket=self._settings.bucket, Key=key, Body=body, ContentType=kind)
            response = self._runtime.invoke_endpoint_async(
                EndpointName=target.endpoint,
                InputLocation=f"s3://{self._settings.bucket}/{key}",
                ContentType=kind,
                InferenceId=identifier,
            )
        except Exception as error:
            raise _refusal(error) from error
        self._count(target, 202)
        place = {"inference_id": identifier, "output": response["OutputLocation"], "failure": response.get("FailureLocation")}
        return _answer(202, json.dumps(place), "application/json", target)

    def _record(self, event: dict[str, Any], target: Target, asked: dict[str, str], answered: dict[str, str]) -> None:
        """Keep request and answer. Whoever asked gets the answer even where this fails; the failure is counted."""
        context = event["requestContext"]
        identifier = context["requestId"]
        if not self._records.wants(identifier):
            return
        exchange = Exchange(
            identifier=identifier,
            moment=datetime.fromtimestamp(context["timeEpoch"] / 1000, UTC),
            endpoint=target.endpoint,
            variant=target.variant,
            asked=asked,
            answered=answered,
        )
        try:
            self._records.keep(exchange, self._storage)
        except Exception as error:
            count(self._settings.model, {"CaptureFailures": 1}, problem=str(error))

    def _count(self, target: Target, status: int) -> None:
        values = {"Requests": 1, "Throttles": int(status == 429), "Errors": int(status >= 500)}
        count(self._settings.model, values, version=target.version, status=status)


_STATUS = {
    "ThrottlingException": (429, "too many requests at once; try again with growing pauses"),
    "ServiceUnavailable": (503, "the endpoint is not ready; try again"),
    "ServiceUnavailableException": (503, "the endpoint is not ready; try again"),
    "ModelNotReadyException": (503, "the model is still loading; try again"),
    "ValidationError": (400, "the endpoint refused the request"),
    "ValidationException": (400, "the endpoint refused the request"),
}


def _refusal(error: Exception) -> RefusedError:
    """What an error of SageMaker means for the caller. The error itself is logged, and shown only where the model refused the rows."""
    details = getattr(error, "response", {})
    code = details.get("Error", {}).get("Code", type(error).__name__)
    if code == "ModelError":
        status = 400 if 400 <= details.get("OriginalStatusCode", 500) < 500 else 502
        return RefusedError(status, str(details.get("OriginalMessage", "the model failed")) if status == 400 else "the model failed")
    if "Timeout" in code:
        return RefusedError(504, "the model took too long")
    print(json.dumps({"error": code, "detail": str(error)}))
    return RefusedError(*_STATUS.get(code, (502, "the endpoint cannot be reached")))


def _answer(status: int, body: str, kind: str, target: Target) -> dict[str, Any]:
    headers = {"content-type": kind, "x-model-version": str(target.version)}
    return {"statusCode": status, "headers": headers, "body": body}


@cache
def _router() -> Router:
    """Made once per container, with the clients of the Lambda runtime."""
    # By name: boto3 is part of the Lambda runtime, and nothing else in infra/ may know it.
    boto3, botocore = import_module("boto3"), import_module("botocore.config")
    config = botocore.Config(read_timeout=25, connect_timeout=2, retries={"max_attempts": 2, "mode": "standard"})
    return Router(Settings.read(os.environ["ROUTER"]), boto3.client("sagemaker-runtime", config=config), boto3.client("s3", config=config))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Entry point of the Lambda function."""
    return _router().handle(event)
