"""The router, with the two AWS clients replaced by ones that remember what they were asked."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest

from infra.router.handler import Router, Settings, Target, choose, handler
from infra.router.record import share

CHAMPION = Target(endpoint="acme-churn", variant="champion", version=3, weight=90)
CHALLENGER = Target(endpoint="acme-churn-challenger", variant="challenger", version=4, weight=10)
EPOCH = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC


class FakeRuntime:
    def __init__(self, error: Exception | None = None) -> None:
        self.requests: list[dict[str, Any]] = []
        self._error = error

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if self._error:
            raise self._error
        return {"Body": io.BytesIO(b'{"score": 0.25}'), "ContentType": "application/json"}

    def invoke_endpoint_async(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        return {"OutputLocation": "s3://data/async/churn/output/1.out"}


class FakeStorage:
    def __init__(self, *, broken: bool = False) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self._broken = broken

    def put_object(self, **request: Any) -> None:
        if self._broken:
            raise OSError("no space")
        self.objects[request["Key"]] = request


class AwsError(Exception):
    def __init__(self, code: str, **further: Any) -> None:
        self.response = {"Error": {"Code": code}, **further}
        super().__init__(code)


def settings(**changes: Any) -> Settings:
    value = {
        "model": "churn",
        "targets": [
            {"endpoint": "acme-churn", "variant": "champion", "version": 3, "weight": 90},
            {"endpoint": "acme-churn-challenger", "variant": "challenger", "version": 4, "weight": 10},
        ],
        "asynchronous": False,
        "bucket": "data",
        "capture_bucket": "workflows",
        "capture_prefix": "retention/monitoring/churn/decisions",
        "capture_percent": 100,
        "key": "key-arn",
    }
    return Settings.read(json.dumps(value | changes))


def event(body: str | None = '{"rows": [1]}', identifier: str = "r-1", **changes: Any) -> dict[str, Any]:
    context = {"requestId": identifier, "timeEpoch": EPOCH}
    return {"body": body, "headers": {"Content-Type": "application/json"}, "requestContext": context} | changes


def metrics(output: str) -> list[dict[str, Any]]:
    return [value for line in output.splitlines() if "_aws" in (value := json.loads(line))]


def test_answers_and_names_the_version() -> None:
    runtime = FakeRuntime()
    answer = Router(
        settings(targets=[{"endpoint": "e", "variant": "champion", "version": 3, "weight": 100}]), runtime, FakeStorage()
    ).handle(event())
    assert answer == {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "x-model-version": "3"},
        "body": '{"score": 0.25}',
    }
    assert runtime.requests == [{"EndpointName": "e", "Body": b'{"rows": [1]}', "ContentType": "application/json", "InferenceId": "r-1"}]


def test_splits_by_weight() -> None:
    chosen = [choose((CHAMPION, CHALLENGER), f"request {number}").version for number in range(10_000)]
    assert 850 < chosen.count(4) < 1150  # 10 % of 10,000; three standard deviations are 90
    assert chosen.count(3) + chosen.count(4) == 10_000


@pytest.mark.parametrize(("weights", "version"), [((100, 0), 3), ((0, 100), 4)])
def test_a_weight_of_nothing_gets_nothing(weights: tuple[int, int], version: int) -> None:
    targets = tuple(
        Target(endpoint="e", variant="champion", version=number, weight=weight) for number, weight in zip((3, 4), weights, strict=True)
    )
    assert {choose(targets, str(number)).version for number in range(500)} == {version}


def test_a_routing_key_stays_with_one_version() -> None:
    runtime = FakeRuntime()
    router = Router(settings(targets=[vars_of(CHAMPION, 50), vars_of(CHALLENGER, 50)]), runtime, FakeStorage())
    for number in range(20):
        router.handle(event(identifier=f"r-{number}", headers={"X-Routing-Key": "customer 7"}))
    assert len({request["EndpointName"] for request in runtime.requests}) == 1


def vars_of(target: Target, weight: int) -> dict[str, Any]:
    return {"endpoint": target.endpoint, "variant": target.variant, "version": target.version, "weight": weight}


def test_share_is_even() -> None:
    shares = [share(str(number)) for number in range(10_000)]
    assert min(shares) >= 0 and max(shares) < 100
    assert 48 < sum(shares) / len(shares) < 52


SAGEMAKER = {
    "captureData": {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "132,25,113.2", "encoding": "CSV"},
        "endpointOutput": {"observedContentType": "text/csv; charset=utf-8", "mode": "OUTPUT", "data": "0.01076", "encoding": "CSV"},
    },
    "eventMetadata": {"eventId": "75e5fdc8", "inferenceTime": "2022-02-14T17:25:49Z"},
    "eventVersion": "0",
}
"""A record of SageMaker's own, shortened: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html."""


def test_records_request_and_answer() -> None:
    storage = FakeStorage()
    Router(settings(), FakeRuntime(), storage).handle(event())
    [(key, request)] = storage.objects.items()
    folder = "retention/monitoring/churn/decisions"
    assert key in {
        f"{folder}/acme-churn/champion/2023/11/14/22/r-1.jsonl",
        f"{folder}/acme-churn-challenger/challenger/2023/11/14/22/r-1.jsonl",
    }
    assert request["Bucket"] == "workflows"
    assert (request["ServerSideEncryption"], request["SSEKMSKeyId"]) == ("aws:kms", "key-arn")
    assert request["Body"].endswith(b"}\n") and request["Body"].count(b"\n") == 1
    capture = json.loads(request["Body"])["captureData"]
    asked, answered = capture["endpointInput"], capture["endpointOutput"]
    assert (asked["data"], asked["encoding"], asked["observedContentType"]) == ('{"rows": [1]}', "JSON", "application/json")
    assert (answered["data"], answered["encoding"]) == ('{"score": 0.25}', "JSON")


def test_a_record_looks_like_one_of_sagemaker() -> None:
    storage = FakeStorage()
    Router(settings(), FakeRuntime(), storage).handle(event("1,2\n", headers={"content-type": "text/csv; charset=utf-8"}))
    [request] = storage.objects.values()
    record = json.loads(request["Body"])
    assert record.keys() == SAGEMAKER.keys()
    assert record["eventMetadata"] == {"eventId": "r-1", "inferenceId": "r-1", "inferenceTime": "2023-11-14T22:13:20Z"}
    for side in ("endpointInput", "endpointOutput"):
        assert record["captureData"][side].keys() == SAGEMAKER["captureData"][side].keys()  # type: ignore[index]
    assert (record["captureData"]["endpointInput"]["data"], record["captureData"]["endpointInput"]["encoding"]) == ("1,2\n", "CSV")


def test_what_is_no_text_is_recorded_in_base64() -> None:
    storage = FakeStorage()
    sent = event(base64.b64encode(b"\x00\xff").decode(), isBase64Encoded=True, headers={"content-type": "application/x-npy"})
    Router(settings(), FakeRuntime(), storage).handle(sent)
    [request] = storage.objects.values()
    asked = json.loads(request["Body"])["captureData"]["endpointInput"]
    assert (asked["encoding"], base64.b64decode(asked["data"])) == ("BASE64", b"\x00\xff")


def test_records_a_share() -> None:
    storage = FakeStorage()
    router = Router(settings(capture_percent=25), FakeRuntime(), storage)
    for number in range(2_000):
        router.handle(event(identifier=str(number)))
    assert 400 < len(storage.objects) < 600


def test_records_nothing_when_off() -> None:
    storage = FakeStorage()
    Router(settings(capture_percent=0), FakeRuntime(), storage).handle(event())
    assert storage.objects == {}


def test_a_failed_record_does_not_fail_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    answer = Router(settings(), FakeRuntime(), FakeStorage(broken=True)).handle(event())
    assert answer["statusCode"] == 200
    [failure] = [line for line in metrics(capsys.readouterr().out) if "CaptureFailures" in line]
    assert (failure["CaptureFailures"], failure["problem"]) == (1, "no space")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AwsError("ThrottlingException"), 429),
        (AwsError("ServiceUnavailable"), 503),
        (AwsError("ModelNotReadyException"), 503),
        (AwsError("ModelError", OriginalStatusCode=500), 502),
        (AwsError("ModelError", OriginalStatusCode=422, OriginalMessage="column age is missing"), 400),
        (AwsError("ValidationError"), 400),
        (AwsError("AccessDeniedException"), 502),
        (type("ReadTimeoutError", (Exception,), {})("slow"), 504),
    ],
)
def test_errors_become_statuses(error: Exception, status: int) -> None:
    assert Router(settings(), FakeRuntime(error), FakeStorage()).handle(event())["statusCode"] == status


def test_shows_what_the_model_refused_and_hides_everything_else() -> None:
    def body(error: Exception) -> str:
        return str(json.loads(Router(settings(), FakeRuntime(error), FakeStorage()).handle(event())["body"])["error"])

    assert body(AwsError("ModelError", OriginalStatusCode=422, OriginalMessage="column age is missing")) == "column age is missing"
    assert "secret" not in body(AwsError("ModelError", OriginalStatusCode=500, OriginalMessage="secret path"))


def test_counts_requests_throttles_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    Router(settings(), FakeRuntime(), FakeStorage()).handle(event())
    Router(settings(), FakeRuntime(AwsError("ThrottlingException")), FakeStorage()).handle(event())
    Router(settings(), FakeRuntime(AwsError("ModelError")), FakeStorage()).handle(event())
    lines = metrics(capsys.readouterr().out)
    assert [(line["Requests"], line["Throttles"], line["Errors"]) for line in lines] == [(1, 0, 0), (1, 1, 0), (1, 0, 1)]
    assert lines[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "MLPlatform/Serving"
    assert {line["Model"] for line in lines} == {"churn"}


@pytest.mark.parametrize(("body", "status"), [(None, 400), ("", 400), ("x" * (4 * 1024 * 1024 + 1), 413)])
def test_refuses_a_body(body: str | None, status: int) -> None:
    runtime = FakeRuntime()
    assert Router(settings(), runtime, FakeStorage()).handle(event(body))["statusCode"] == status
    assert runtime.requests == []


def test_reads_base64() -> None:
    runtime = FakeRuntime()
    Router(settings(), runtime, FakeStorage()).handle(event(base64.b64encode(b"\x00\x01").decode(), isBase64Encoded=True))
    assert runtime.requests[0]["Body"] == b"\x00\x01"


def test_asynchronous_requests_wait_in_the_bucket() -> None:
    runtime, storage = FakeRuntime(), FakeStorage()
    answer = Router(settings(asynchronous=True), runtime, storage).handle(event())
    assert answer["statusCode"] == 202
    assert json.loads(answer["body"]) == {"inference_id": "r-1", "output": "s3://data/async/churn/output/1.out", "failure": None}
    assert list(storage.objects) == ["async/churn/input/r-1"]
    assert runtime.requests[0]["InputLocation"] == "s3://data/async/churn/input/r-1"


def test_the_entry_point_makes_its_clients_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the boto3 that the Lambda runtime would bring: the request is refused before any call."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    targets = [{"endpoint": "e", "variant": "champion", "version": 1, "weight": 1}]
    places = {"bucket": "b", "capture_bucket": "c", "capture_prefix": "p"}
    value = {"model": "m", "targets": targets, "asynchronous": False, "capture_percent": 0, "key": "k", **places}
    monkeypatch.setenv("ROUTER", json.dumps(value))
    assert handler(event(None), None)["statusCode"] == 400
