"""The recorder of asynchronous answers, against moto's S3, and read by what monitoring reads with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.router.answers import Answers, Settings, handler
from ml.serving.exchange import Unread, exchanges, is_capture

PREFIX = "lending/monitoring/queue/decisions"
ROWS = b'{"dataframe_records": [{"age": 41}]}'
SCORES = b'{"predictions": [{"row": 0, "score": 0.25, "decision": "approve"}]}'


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        for bucket in ("data", "workflows"):
            client.create_bucket(Bucket=bucket)
        client.put_object(Bucket="data", Key="async/queue/input/r-1", Body=ROWS, ContentType="application/json")
        client.put_object(Bucket="data", Key="async/queue/output/o-1.out", Body=SCORES)
        yield client


def settings(percent: int = 100) -> str:
    records = {"bucket": "workflows", "prefix": PREFIX, "percent": percent, "key": "alias/model"}
    return json.dumps({"model": "queue", "endpoint": "acme-queue", "variant": "champion", "records": records})


def notice(**changes: Any) -> dict[str, Any]:
    """As SageMaker writes it (async-inference-check-predictions in its guide)."""
    return {
        "awsRegion": "us-east-1",
        "eventTime": "2026-11-20T23:00:01.608Z",
        "receivedTime": "2026-11-20T22:59:59.455Z",
        "invocationStatus": "Completed",
        "requestParameters": {
            "contentType": "application/json",
            "endpointName": "acme-queue",
            "inputLocation": "s3://data/async/queue/input/r-1",
        },
        "responseParameters": {"contentType": "application/json", "outputLocation": "s3://data/async/queue/output/o-1.out"},
        "inferenceId": "r-1",
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    } | changes


def event(*notices: dict[str, Any]) -> dict[str, Any]:
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(item)}} for item in notices]}


def kept(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket="workflows").get("Contents", [])]


def test_monitoring_reads_what_it_keeps(s3: Any, tmp_path: Path) -> None:
    Answers(Settings.read(settings()), s3).handle(event(notice()))
    [key] = kept(s3)
    # The hour in which the request came, not that of the answer.
    assert key == f"{PREFIX}/acme-queue/champion/2026/11/20/22/r-1.jsonl"
    file = tmp_path / key.removeprefix(f"{PREFIX}/")
    file.parent.mkdir(parents=True)
    s3.download_file("workflows", key, str(file))
    assert is_capture(tmp_path)
    unread = Unread()
    [found] = exchanges(tmp_path, None, unread)
    assert (found.at, found.rows, unread.count) == (datetime(2026, 11, 20, 22, 59, 59, tzinfo=UTC), [{"age": 41}], 0)
    assert found.answers[0]["score"] == 0.25
    about = s3.head_object(Bucket="workflows", Key=key)
    assert (about["ServerSideEncryption"], about["SSEKMSKeyId"]) == ("aws:kms", "alias/model")


def test_without_a_type_in_the_notice_that_of_the_object_counts(s3: Any) -> None:
    asked = {"endpointName": "acme-queue", "inputLocation": "s3://data/async/queue/input/r-1"}
    Answers(Settings.read(settings()), s3).handle(event(notice(requestParameters=asked)))
    record = json.loads(s3.get_object(Bucket="workflows", Key=kept(s3)[0])["Body"].read())
    assert record["captureData"]["endpointInput"] == {
        "observedContentType": "application/json",
        "mode": "INPUT",
        "data": ROWS.decode(),
        "encoding": "JSON",
    }


def test_keeps_a_share(s3: Any) -> None:
    Answers(Settings.read(settings(25)), s3).handle(event(*(notice(inferenceId=f"r-{number}") for number in range(200))))
    assert 25 < len(kept(s3)) < 75
    Answers(Settings.read(settings(0)), s3).handle(event(notice(inferenceId="none")))
    assert not [key for key in kept(s3) if "none" in key]


def test_a_failure_is_no_answer(s3: Any) -> None:
    failed = notice(invocationStatus="Failed", failureReason="ClientError")
    del failed["responseParameters"]
    Answers(Settings.read(settings()), s3).handle(event(failed))
    assert kept(s3) == []


def test_what_is_too_large_is_counted_and_the_others_are_kept(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    s3.put_object(Bucket="data", Key="async/queue/output/o-2.out", Body=b"x" * (4 * 1024 * 1024 + 1))
    large = notice(inferenceId="r-2", responseParameters={"outputLocation": "s3://data/async/queue/output/o-2.out"})
    Answers(Settings.read(settings()), s3).handle(event(large, notice()))
    assert [Path(key).name for key in kept(s3)] == ["r-1.jsonl"]
    [line] = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert (line["Model"], line["CaptureFailures"]) == ("queue", 1)
    assert "o-2.out has 4194305 bytes" in line["problem"]


def test_what_cannot_be_read_is_raised_for_another_try(s3: Any) -> None:
    s3.delete_object(Bucket="data", Key="async/queue/input/r-1")
    with pytest.raises(s3.exceptions.NoSuchKey):
        Answers(Settings.read(settings()), s3).handle(event(notice()))


def test_the_entry_point_reads_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERS", settings())
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    handler(event(), None)
