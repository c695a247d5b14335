"""The router of a serverless model: weights in a real Lambda configuration and records in S3 (moto), counts in CloudWatch's own shapes."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from infra.router.handler import Router, Settings
from mlctl.errors import InputError, ServiceError
from mlctl.promotion.canary import Limits
from mlctl.promotion.canary_run import run_canary
from mlctl.promotion.captured import Records
from mlctl.promotion.move import promote
from mlctl.promotion.router_traffic import RouterTraffic
from mlctl.promotion.watched import Watched
from tests.mlctl.promotion.conftest import SOURCE, Mlctl, prove, who

NOW = datetime(2026, 11, 20, 12, 58, tzinfo=UTC)
ENDPOINT = "acme-prod-churn"
BUCKET, PREFIX = "acme-prod-argo", "retention/capture/churn"


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="t", aws_secret_access_key="t")


def settings(*endpoints: str) -> dict[str, Any]:
    targets = [
        {"endpoint": name, "variant": variant, "version": version, "weight": weight}
        for name, (variant, version, weight) in zip(endpoints, (("champion", 1, 90), ("challenger", 2, 10)), strict=False)
    ]
    fixed = {
        "model": "churn",
        "asynchronous": False,
        "bucket": "b",
        "capture_bucket": BUCKET,
        "capture_prefix": PREFIX,
        "capture_percent": 100,
        "key": "k",
    }
    return {**fixed, "targets": targets}


@pytest.fixture
def functions() -> Iterator[Any]:
    with mock_aws():
        client("s3").create_bucket(Bucket=BUCKET)
        yield deploy(ENDPOINT)


def deploy(endpoint: str) -> Any:
    """The router of a model with a challenger; Lambda's client."""
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}", Path="/")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", "")
    made = client("lambda")
    made.create_function(
        FunctionName=f"{endpoint}-router",
        Runtime="python3.13",
        Role=role,
        Handler="handler.handler",
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"ROUTER": json.dumps(settings(endpoint, f"{endpoint}-challenger")), "OTHER": "kept"}},
    )
    return made


def variables(functions: Any) -> dict[str, str]:
    found: dict[str, str] = functions.get_function_configuration(FunctionName=f"{ENDPOINT}-router")["Environment"]["Variables"]
    return found


def weights(functions: Any) -> list[int]:
    """As the router itself reads them."""
    return [target.weight for target in Settings.read(variables(functions)["ROUTER"]).targets]


def traffic(functions: Any, cloudwatch: Any, now: datetime = NOW) -> RouterTraffic:
    watched = (Watched(column="sex", words=frozenset("fm")), Watched(column="age", bins=(18, 30, 62)))
    records = Records(s3=client("s3"), favourable="offer", watched=watched)
    return RouterTraffic(ENDPOINT, functions, cloudwatch, records, slow_ms=300, now=lambda: now)


class Runtime:
    """The endpoints: the champion offers to everybody, the challenger to men alone."""

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        rows = json.loads(request["Body"])["dataframe_records"]
        all_of_them = not request["EndpointName"].endswith("-challenger")
        answers = [{"score": 0.2, "decision": "offer" if all_of_them or row["sex"] == "m" else "no offer", "error": None} for row in rows]
        return {"Body": io.BytesIO(json.dumps({"predictions": answers}).encode())}


def send(functions: Any, count: int, moment: datetime) -> None:
    """Requests through the router's own code, which records them as it does in the cloud."""
    router = Router(Settings.read(variables(functions)["ROUTER"]), Runtime(), client("s3"))  # type: ignore[arg-type]
    for number in range(count):
        body = json.dumps({"dataframe_records": [{"sex": "mf"[number % 2], "age": 29 + number % 2}]})
        context = {"requestId": f"{moment:%H%M}-{number}", "timeEpoch": moment.timestamp() * 1000}
        answer = router.handle({"requestContext": context, "body": body, "headers": {}})
        assert answer["statusCode"] == 200


def figures(stub: Stubber, requests: list[float], moment: datetime = NOW) -> None:
    for endpoint, count in zip((ENDPOINT, f"{ENDPOINT}-challenger"), requests, strict=True):
        values = {"requests": [count], "errors": [0.0], "within": [100.0]}
        results = [{"Id": name, "Timestamps": [moment], "Values": given} for name, given in values.items()]
        stub.add_response("get_metric_data", {"MetricDataResults": results}, {"MetricDataQueries": ANY, "StartTime": ANY, "EndTime": ANY})
        assert endpoint.startswith(ENDPOINT)


def test_a_biased_challenger_is_seen_in_the_records_and_gets_nothing_more(functions: Any) -> None:
    cloudwatch = client("cloudwatch")
    router = traffic(functions, cloudwatch, NOW)
    send(functions, 50, NOW - timedelta(minutes=5))
    router.split(50)
    assert weights(functions) == [50, 50]
    assert variables(functions)["OTHER"] == "kept"
    send(functions, 600, NOW + timedelta(seconds=1))
    with Stubber(cloudwatch) as stub:
        figures(stub, [300.0, 300.0])
        champion, challenger = router.counts()
    assert champion.groups["sex: f"][0] == champion.groups["sex: f"][1]
    assert challenger.groups["sex: f"][0] == 0 and challenger.losses == challenger.groups["sex: f"][1]
    assert set(challenger.groups) == {"sex: f", "sex: m", "age: 18 to <30", "age: 30 to <62"}
    assert challenger.groups["age: 30 to <62"] == challenger.groups["sex: f"], "every woman here is 30"
    assert sum(champion.scores) + sum(challenger.scores) == 600, "what came before the step is not counted"

    with Stubber(cloudwatch) as stub:
        figures(stub, [300.0, 300.0])
        send(functions, 600, NOW + timedelta(seconds=30))
        outcome = run_canary(traffic(functions, cloudwatch), (50, 100), Limits())
    assert outcome.result == "rolled_back"
    assert {"groups", "business"} <= {check.name for check in outcome.decision.checks if check.verdict == "fail"}
    assert weights(functions) == [100, 0], "every request goes to the champion again"


def test_records_of_the_next_hour_are_read_once(functions: Any) -> None:
    cloudwatch, clock = client("cloudwatch"), [NOW]
    records = Records(s3=client("s3"), favourable="offer")
    router = RouterTraffic(ENDPOINT, functions, cloudwatch, records, slow_ms=300, now=lambda: clock[-1])
    send(functions, 40, NOW + timedelta(minutes=1))
    send(functions, 30, NOW + timedelta(minutes=3))
    client("s3").put_object(Bucket=BUCKET, Key=f"{PREFIX}/{ENDPOINT}/champion/{NOW:%Y/%m/%d/%H}/nonsense.jsonl", Body=b"\xff{")
    seen = []
    for minutes in (1, 4, 5):
        clock.append(NOW + timedelta(minutes=minutes))
        with Stubber(cloudwatch) as stub:
            figures(stub, [1.0, 1.0])
            seen.append(sum(sum(arm.scores) for arm in router.counts()))
    assert seen == [40, 70, 70]


def test_a_router_without_a_challenger_is_refused(functions: Any) -> None:
    only = {"Variables": {"ROUTER": json.dumps(settings(ENDPOINT))}}
    functions.update_function_configuration(FunctionName=f"{ENDPOINT}-router", Environment=only)
    with pytest.raises(InputError, match=rf"{ENDPOINT}-router stands before {ENDPOINT}; .*deploy the challenger first"):
        traffic(functions, client("cloudwatch"))
    functions.update_function_configuration(FunctionName=f"{ENDPOINT}-router", Environment={"Variables": {"ROUTER": "{"}})
    with pytest.raises(InputError, match="has no settings in ROUTER"):
        traffic(functions, client("cloudwatch"))
    functions.delete_function(FunctionName=f"{ENDPOINT}-router")
    with pytest.raises(ServiceError, match="Function not found"):
        traffic(functions, client("cloudwatch"))


def record(endpoint: str, variant: str, number: int, applicant: dict[str, Any], decision: str) -> None:
    """A record that is not older than any step; in the folder of this hour and of the next, should that begin meanwhile."""
    moment = datetime.now(UTC)
    answer = {"predictions": [{"row": 0, "score": 0.2, "decision": decision, "error": None}]}
    texts = {"endpointInput": json.dumps({"dataframe_records": [applicant]}), "endpointOutput": json.dumps(answer)}
    sides = {side: {"observedContentType": "application/json", "encoding": "JSON", "data": text} for side, text in texts.items()}
    about = {"eventId": f"{number}", "inferenceTime": f"{moment + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"}
    line = json.dumps({"captureData": sides, "eventMetadata": about}).encode()
    for hour in (moment, moment + timedelta(hours=1)):
        client("s3").put_object(Bucket=BUCKET, Key=f"{PREFIX}/{endpoint}/{variant}/{hour:%Y/%m/%d/%H}/{number}.jsonl", Body=line)


def count(endpoint: str, requests: int) -> None:
    """As SageMaker counts, every ten seconds of the next hour."""
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "champion"}]
    moments = [datetime.now(UTC) + timedelta(seconds=10 * number) for number in range(360)]
    data = [{"MetricName": "Invocations", "Dimensions": dimensions, "Value": requests, "Timestamp": moment} for moment in moments]
    client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=data)


def test_the_command_sees_how_the_shipped_regulated_model_treats_ages(repo: Path, mlctl: Mlctl, monkeypatch: pytest.MonkeyPatch) -> None:
    """The groups that ml/models/credit-risk.yaml writes as mappings: bands of age, and a sex that may be undisclosed."""
    shutil.copy(SOURCE / "ml" / "models" / "credit-risk.yaml", repo / "ml" / "models")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "t")
    for version in (1, 2):
        prove(repo, version, "credit-risk")
        promote(repo, "credit-risk", "dev", who(), version=version, trial=version == 2)
    endpoint = "acme-dev-credit-risk"
    with mock_aws():
        deploy(endpoint)
        client("s3").create_bucket(Bucket=BUCKET)
        for number in range(240):
            age = (25, 70)[number % 2]
            applicant = {"sex": "undisclosed", "race": "undisclosed", "age": age}
            record(endpoint, "champion", number, applicant, "approved")
            record(f"{endpoint}-challenger", "challenger", number, applicant, "approved" if age < 62 else "declined")
        count(endpoint, 900)
        count(f"{endpoint}-challenger", 100)
        status, out, err = mlctl("model", "canary", "credit-risk", "--env", "dev", "--aws", "--pause-seconds", "0")
    assert (status, "credit-risk in dev: rolled back" in out) == (1, True), err
    assert "fail           groups         favourable for age: 62 to <111 0.0" in out and "too few to compare by sex, race" in out
