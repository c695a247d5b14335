"""A real-time endpoint: weights and counts by the shapes of SageMaker's and CloudWatch's own API, captured requests in S3 (moto)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from mlctl.cli.model_traffic import refuse_unseen
from mlctl.config.model import Model
from mlctl.errors import InputError, ServiceError
from mlctl.promotion.canary import Arm, Limits
from mlctl.promotion.canary_run import run_canary
from mlctl.promotion.captured import Records
from mlctl.promotion.sagemaker_traffic import SageMakerTraffic
from mlctl.promotion.watched import Watched

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ENDPOINT, BUCKET, FOLDER = "acme-prod-churn", "acme-prod-argo-333333333333", "retention/monitoring/churn/decisions"
NOTHING = Records(s3=None, favourable=None)


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="t", aws_secret_access_key="t")


def weights(champion: float, challenger: float) -> dict[str, Any]:
    pairs = (("champion", champion), ("challenger", challenger))
    return {
        "EndpointName": "acme-prod-churn",
        "DesiredWeightsAndCapacities": [{"VariantName": name, "DesiredWeight": weight} for name, weight in pairs],
    }


def answer(requests: list[float], errors: list[float], within: list[float]) -> dict[str, Any]:
    moments = [START + timedelta(minutes=minute) for minute in range(len(requests))]
    series = {"requests": requests, "errors": errors, "within": within}
    results = [{"Id": name, "Timestamps": moments[: len(values)], "Values": values} for name, values in series.items()]
    return {"MetricDataResults": results}


def described(**capture: Any) -> dict[str, Any]:
    """As DescribeEndpoint answers; without capture where the model records nothing."""
    fixed = {"EndpointName": ENDPOINT, "EndpointArn": "arn:aws:sagemaker:us-east-1:333333333333:endpoint/acme-prod-churn"}
    dates = {"EndpointStatus": "InService", "CreationTime": START, "LastModifiedTime": START}
    return {**fixed, **dates, **({"DataCaptureConfig": capture} if capture else {})}


def test_slow_answers_are_counted_minute_by_minute_and_a_bad_challenger_gets_nothing_more() -> None:
    sagemaker, cloudwatch = client("sagemaker"), client("cloudwatch")
    with Stubber(sagemaker) as splits, Stubber(cloudwatch) as figures:
        arn = {"EndpointArn": "arn:aws:sagemaker:us-east-1:333333333333:endpoint/acme-prod-churn"}
        splits.add_response("update_endpoint_weights_and_capacities", arn, weights(90.0, 10.0))
        splits.add_response("describe_endpoint", described(), {"EndpointName": ENDPOINT})
        splits.add_response("update_endpoint_weights_and_capacities", arn, weights(100.0, 0.0))
        wanted = {"MetricDataQueries": ANY, "StartTime": START, "EndTime": START + timedelta(seconds=60)}
        figures.add_response("get_metric_data", answer([900.0, 900.0], [0.0, 1.0], [100.0, 99.0]), wanted)
        figures.add_response("get_metric_data", answer([100.0, 100.0], [0.0, 0.0], [70.0, 60.0]), wanted)
        traffic = SageMakerTraffic("acme-prod-churn", sagemaker, cloudwatch, NOTHING, slow_ms=300, now=lambda: START)
        outcome = run_canary(traffic, (10, 100), Limits())
        splits.assert_no_pending_responses()
        figures.assert_no_pending_responses()
    [step] = outcome.steps
    assert outcome.result == "rolled_back"
    assert step.champion == Arm(requests=1800, errors=1, slow=9)
    assert step.challenger == Arm(requests=200, errors=0, slow=70)
    assert {check.name: check.verdict for check in outcome.decision.checks} == {
        "errors": "pass",
        "latency": "fail",
        "business": "not_evaluated",
        "distribution": "not_evaluated",
        "groups": "not_evaluated",
    }


def test_an_endpoint_that_is_not_there() -> None:
    sagemaker = client("sagemaker")
    with Stubber(sagemaker) as splits:
        splits.add_client_error("update_endpoint_weights_and_capacities", "ValidationException", "Could not find endpoint")
        splits.add_client_error("update_endpoint_weights_and_capacities", "ValidationException", "Could not find endpoint")
        traffic = SageMakerTraffic("x", sagemaker, client("cloudwatch"), NOTHING, slow_ms=300, now=lambda: START)
        with pytest.raises(ServiceError, match=r"endpoint x: .*Could not find endpoint.*check the credentials"):
            run_canary(traffic, (10, 100), Limits())


@pytest.fixture
def sagemaker() -> Iterator[Any]:
    """An endpoint with two variants that captures as infra/serving/realtime_endpoint.py says."""
    with mock_aws():
        made = client("sagemaker")
        role = "arn:aws:iam::333333333333:role/model"
        made.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "i"})
        variant = {"ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large", "InitialVariantWeight": 50.0}
        capture = {"EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": f"s3://{BUCKET}/{FOLDER}"}
        modes = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
        made.create_endpoint_config(
            EndpointConfigName="c",
            ProductionVariants=[{**variant, "VariantName": name} for name in ("champion", "challenger")],
            DataCaptureConfig={**capture, "CaptureOptions": modes},
        )
        made.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="c")
        client("s3").create_bucket(Bucket=BUCKET)
        yield made


def capture(variant: str, moment: datetime, rows: list[tuple[str, str]], *, encoding: str = "JSON") -> None:
    """A file as SageMaker writes it: several exchanges, one row each; `rows` are (sex, decision)."""
    lines = []
    for number, (sex, decision) in enumerate(rows):
        asked = json.dumps({"dataframe_split": {"columns": ["age", "sex"], "data": [[25 + number, sex]]}})
        answered = json.dumps({"predictions": [{"row": 0, "score": 0.3, "decision": decision, "error": None}]})
        sides = {}
        for side, mode, text in (("endpointInput", "INPUT", asked), ("endpointOutput", "OUTPUT", answered)):
            data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
            sides[side] = {"observedContentType": "application/json", "mode": mode, "data": data, "encoding": encoding}
        about = {"eventId": f"{number}", "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        lines.append(json.dumps({"captureData": sides, "eventMetadata": about, "eventVersion": "0"}))
    key = f"{FOLDER}/{ENDPOINT}/{variant}/{moment:%Y/%m/%d/%H}/{moment:%M-%S}-000-{variant}.jsonl"
    client("s3").put_object(Bucket=BUCKET, Key=key, Body="\n".join(lines).encode())


def measured(stub: Stubber) -> None:
    for _ in ("champion", "challenger"):
        stub.add_response("get_metric_data", answer([300.0], [0.0], [100.0]))


def test_a_biased_challenger_is_seen_in_what_the_endpoint_captured(sagemaker: Any) -> None:
    even = [("f", "offer"), ("m", "offer")] * 150
    capture("challenger", START - timedelta(minutes=5), [("f", "no offer")] * 40)
    capture("champion", START + timedelta(minutes=1), even)
    capture("challenger", START + timedelta(minutes=1), [("f", "no offer"), ("m", "offer")] * 100)
    capture("challenger", START + timedelta(minutes=2), [("f", "offer"), ("m", "offer")] * 50, encoding="BASE64")
    watched = (Watched(column="sex", words=frozenset("fm")), Watched(column="age", bins=(18, 30, 1000)))
    cloudwatch, clock = client("cloudwatch"), [START]
    records = Records(s3=client("s3"), favourable="offer", watched=watched)
    traffic = SageMakerTraffic(ENDPOINT, sagemaker, cloudwatch, records, slow_ms=300, now=lambda: clock[-1])
    traffic.split(50)
    clock.append(START + timedelta(minutes=3))
    with Stubber(cloudwatch) as stub:
        measured(stub)
        champion, challenger = traffic.counts()
    assert challenger.groups["sex: f"] == (50, 150) and challenger.groups["sex: m"] == (150, 150), (
        "what came before the step is not counted"
    )
    assert set(challenger.groups) == {"sex: f", "sex: m", "age: 18 to <30", "age: 30 to <1000"}
    assert (challenger.losses, champion.losses) == (100, 0)
    assert (challenger.requests, sum(challenger.scores)) == (300, 300)

    clock.append(START)
    with Stubber(cloudwatch) as stub:
        measured(stub)
        outcome = run_canary(traffic, (50, 100), Limits())
    assert outcome.result == "rolled_back"
    assert {check.name: check.verdict for check in outcome.decision.checks} == {
        "errors": "pass",
        "latency": "pass",
        "business": "fail",
        "distribution": "pass",
        "groups": "fail",
    }
    weights = {
        item["VariantName"]: item["DesiredWeight"] for item in sagemaker.describe_endpoint(EndpointName=ENDPOINT)["ProductionVariants"]
    }
    assert weights == {"champion": 100.0, "challenger": 0.0}


@pytest.mark.parametrize("config", [{"EnableCapture": False}, {"EnableCapture": True, "CaptureStatus": "Stopped"}])
def test_what_captures_nothing_is_judged_by_its_figures_alone(config: dict[str, Any]) -> None:
    known = {"CaptureStatus": "Stopped", "CurrentSamplingPercentage": 100, "DestinationS3Uri": "s3://b/c", "KmsKeyId": "k"}
    sagemaker, cloudwatch = client("sagemaker"), client("cloudwatch")
    with Stubber(sagemaker) as splits, Stubber(cloudwatch) as stub:
        arn = {"EndpointArn": "arn:aws:sagemaker:us-east-1:333333333333:endpoint/acme-prod-churn"}
        splits.add_response("update_endpoint_weights_and_capacities", arn, weights(90.0, 10.0))
        splits.add_response("describe_endpoint", described(**{**known, **config}), {"EndpointName": ENDPOINT})
        measured(stub)
        traffic = SageMakerTraffic(ENDPOINT, sagemaker, cloudwatch, NOTHING, slow_ms=300, now=lambda: START)
        traffic.split(10)
        assert traffic.counts() == (Arm(requests=300), Arm(requests=300))


def test_a_regulated_model_whose_requests_are_not_recorded_gets_no_canary() -> None:
    entry = {"team": "retention", "mode": "serverless", "serverless": {}, "network_isolation": False, "vpc": False}
    required = Limits(required=frozenset({"groups"}))
    model = Model.model_validate({**entry, "data_capture_percent": 0})
    with pytest.raises(InputError, match=r"models\.churn\.data_capture_percent: groups must be judged, .* not recorded; allowed: above 0"):
        refuse_unseen("churn", model, required)
    refuse_unseen("churn", model, Limits())
    refuse_unseen("churn", Model.model_validate({**entry, "data_capture_percent": 1}), required)
