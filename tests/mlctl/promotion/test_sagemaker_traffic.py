"""Weights and counts of a real-time endpoint, checked by botocore against the shapes of SageMaker's and CloudWatch's own API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from mlctl.errors import ServiceError
from mlctl.promotion.canary import Arm, Limits
from mlctl.promotion.canary_run import run_canary
from mlctl.promotion.sagemaker_traffic import SageMakerTraffic

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


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


def test_slow_answers_are_counted_minute_by_minute_and_a_bad_challenger_gets_nothing_more() -> None:
    sagemaker, cloudwatch = client("sagemaker"), client("cloudwatch")
    with Stubber(sagemaker) as splits, Stubber(cloudwatch) as figures:
        arn = {"EndpointArn": "arn:aws:sagemaker:us-east-1:333333333333:endpoint/acme-prod-churn"}
        splits.add_response("update_endpoint_weights_and_capacities", arn, weights(90.0, 10.0))
        splits.add_response("update_endpoint_weights_and_capacities", arn, weights(100.0, 0.0))
        wanted = {"MetricDataQueries": ANY, "StartTime": START, "EndTime": START + timedelta(seconds=60)}
        figures.add_response("get_metric_data", answer([900.0, 900.0], [0.0, 1.0], [100.0, 99.0]), wanted)
        figures.add_response("get_metric_data", answer([100.0, 100.0], [0.0, 0.0], [70.0, 60.0]), wanted)
        traffic = SageMakerTraffic("acme-prod-churn", sagemaker, cloudwatch, slow_ms=300, now=lambda: START)
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
        traffic = SageMakerTraffic("x", sagemaker, client("cloudwatch"), slow_ms=300, now=lambda: START)
        with pytest.raises(ServiceError, match=r"endpoint x: .*Could not find endpoint.*check the credentials"):
            run_canary(traffic, (10, 100), Limits())
