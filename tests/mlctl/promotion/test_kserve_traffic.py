"""The graph of a model on the cluster: its weights over the Kubernetes API, its figures from Prometheus behind the API server's proxy, and
what KServe's logger kept in S3 (moto), in the files of its own (pkg/logger/store.go and marshaller/json.go of KServe 0.16).
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto import mock_aws

from mlctl.errors import InputError, ServiceError
from mlctl.promotion import logged
from mlctl.promotion.canary import Arm, Limits
from mlctl.promotion.canary_run import run_canary
from mlctl.promotion.captured import Records
from mlctl.promotion.kserve_traffic import PROMETHEUS, KServeTraffic
from mlctl.promotion.kubernetes_api import KubernetesApi, eks_token
from mlctl.promotion.logged import Logged
from mlctl.promotion.watched import Watched
from tests.mlctl.promotion.conftest import Stage

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GRAPH = "/apis/serving.kserve.io/v1alpha1/namespaces/lending/inferencegraphs/credit-risk-split"


SERVICE = "/apis/serving.kserve.io/v1beta1/namespaces/lending/inferenceservices/credit-risk"
BUCKET, FOLDER = "acme-prod-argo-333333333333", "lending/monitoring/credit-risk/decisions"
FOLDERS = {name: f"{FOLDER}/lending/{name}/predictor" for name in ("credit-risk", "credit-risk-challenger")}
SILENT = {"spec": {"predictor": {"minReplicas": 1}}}
LOGGING = {"spec": {"predictor": {"logger": {"mode": "all", "url": f"s3://{BUCKET}/{FOLDER}"}}}}


def traffic(stage: Stage, moments: list[datetime] | None = None, s3: Any = None, start: datetime = START) -> KServeTraffic:
    given = iter(moments or [])
    api = KubernetesApi(stage.url, "t0ken")
    records = Records(s3=s3, favourable="approved", watched=(Watched(column="sex", words=frozenset("fm")),))
    return KServeTraffic("credit-risk", "lending", lambda: api, records, slow_ms=320, now=lambda: next(given, start))


def graph(*names: str) -> dict[str, Any]:
    steps = [{"name": name, "serviceUrl": f"http://{name}/invocations", "weight": 50} for name in names]
    return {"kind": "InferenceGraph", "spec": {"nodes": {"root": {"routerType": "Splitter", "steps": steps}}}}


def number(value: float | str) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1763640000, str(value)]}]}}


def test_a_failing_challenger_gets_nothing_more(stage: Stage) -> None:
    stage.on("GET", GRAPH, 200, graph("credit-risk", "credit-risk-challenger"))
    stage.on("PATCH", GRAPH, 200, graph())
    stage.on("GET", SERVICE, 200, SILENT)
    for value in (900, 0, 899.6, 100, 20, 95):  # champion, challenger: requests, errors, within
        stage.on("GET", PROMETHEUS, 200, number(value))
    outcome = run_canary(traffic(stage, [START, START, START + timedelta(seconds=90)]), (10, 100), Limits())
    assert outcome.result == "rolled_back"
    [step] = outcome.steps
    assert step.champion == Arm(requests=900, errors=0, slow=0)
    assert step.challenger == Arm(requests=100, errors=20, slow=5)
    shares = [[item["weight"] for item in body["spec"]["nodes"]["root"]["steps"]] for method, _, body in stage.seen if method == "PATCH"]
    assert shares == [[90, 10], [100, 0]]
    queries = [parse_qs(urlsplit(path).query)["query"][0] for _, path, _ in stage.seen if path.startswith(PROMETHEUS)]
    where = 'k8s_namespace_name="lending",kn_configuration_name="credit-risk-challenger-predictor"'
    assert queries[3] == f"sum(increase(http_server_request_duration_seconds_count{{{where}}}[90s])) or vector(0)"
    assert queries[5] == f'sum(increase(http_server_request_duration_seconds_bucket{{{where},le="0.25"}}[90s])) or vector(0)'


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        made = boto3.client("s3", region_name="us-east-1", aws_access_key_id="t", aws_secret_access_key="t")
        made.create_bucket(Bucket=BUCKET)
        yield made


def log(s3: Any, service: str, sex: str, decision: str, identifier: str = "") -> None:
    """One exchange as the logger of a service keeps it."""
    identifier = identifier or str(uuid.uuid4())
    texts = {
        "request": json.dumps({"dataframe_records": [{"sex": sex, "income": 1}]}),
        "response": json.dumps({"predictions": [{"row": 0, "score": 0.4, "decision": decision, "error": None}]}),
    }
    for kind, text in texts.items():
        about = {"Id": identifier, "ReqType": f"org.kubeflow.serving.inference.{kind}", "ContentType": "application/json"}
        content = [{**about, "Bytes": base64.b64encode(text.encode()).decode(), "InferenceService": service, "Component": "predictor"}]
        s3.put_object(Bucket=BUCKET, Key=f"{FOLDERS[service]}/{identifier}-{kind}.json", Body=json.dumps(content).encode())


def test_a_biased_challenger_is_seen_in_what_kserve_logged(stage: Stage, s3: Any) -> None:
    start = datetime.now(UTC)
    stage.on("GET", GRAPH, 200, graph("credit-risk", "credit-risk-challenger"))
    stage.on("PATCH", GRAPH, 200, graph())
    stage.on("GET", SERVICE, 200, LOGGING)
    for value in (200, 0, 200, 200, 0, 200):
        stage.on("GET", PROMETHEUS, 200, number(value))
    for number_ in range(160):
        sex = "fm"[number_ % 2]
        log(s3, "credit-risk", sex, "approved")
        log(s3, "credit-risk-challenger", sex, "approved" if sex == "m" else "declined")
    s3.put_object(Bucket=BUCKET, Key=f"{FOLDERS['credit-risk']}/unanswered-request.json", Body=b"[]")
    s3.put_object(Bucket=BUCKET, Key=f"{FOLDERS['credit-risk']}/torn-request.json", Body=b"[")
    s3.put_object(Bucket=BUCKET, Key=f"{FOLDERS['credit-risk']}/torn-response.json", Body=b"[torn")
    outcome = run_canary(traffic(stage, s3=s3, start=start), (50, 100), Limits())
    [step] = outcome.steps
    assert outcome.result == "rolled_back"
    assert step.champion.groups == {"sex: f": (80, 80), "sex: m": (80, 80)}
    assert step.challenger.groups == {"sex: f": (0, 80), "sex: m": (80, 80)}
    assert (step.challenger.losses, sum(step.challenger.scores), step.challenger.requests) == (80, 160, 200)
    assert {check.name for check in outcome.decision.checks if check.verdict == "fail"} == {"business", "groups"}


def test_what_was_answered_before_the_step_is_not_counted_and_the_rest_once(s3: Any) -> None:
    records = Records(s3=s3, favourable="approved")
    log(s3, "credit-risk", "f", "approved")
    later = Logged(records, datetime.now(UTC) + timedelta(minutes=5), BUCKET, FOLDERS)
    assert later.arms()["credit-risk"] == Arm()
    now = Logged(records, datetime.now(UTC) - timedelta(minutes=5), BUCKET, FOLDERS)
    assert [sum(now.arms()["credit-risk"].scores) for _ in range(2)] == [1, 1]
    log(s3, "credit-risk", "f", "declined")
    assert (sum(now.arms()["credit-risk"].scores), now.arms()["credit-risk"].losses) == (2, 1)


def test_of_too_much_the_same_share_is_read_of_both(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for number_ in range(32):
        log(s3, "credit-risk", "f", "approved", f"{number_ % 16:x}{number_:03d}")
    log(s3, "credit-risk-challenger", "f", "approved", "0111")
    log(s3, "credit-risk-challenger", "f", "approved", "f111")
    records = Records(s3=s3, favourable="approved")
    whole = Logged(records, START, BUCKET, FOLDERS).arms()
    assert [sum(arm.scores) for arm in whole.values()] == [32, 2]
    monkeypatch.setattr(logged, "_LISTED", 20)
    share = Logged(records, START, BUCKET, FOLDERS).arms()
    assert [sum(arm.scores) for arm in share.values()] == [2, 1], "two of 32 begin with 0, one of two"
    monkeypatch.setattr(logged, "_LISTED", 1000)
    monkeypatch.setattr(logged, "_READ", 5)
    assert [sum(arm.scores) for arm in Logged(records, START, BUCKET, FOLDERS).arms().values()] == [2, 1]
    monkeypatch.setattr(logged, "_READ", 0)
    for identifier in ("0001", "0002"):
        log(s3, "credit-risk-challenger", "f", "approved", identifier)
    assert list(Logged(records, START, BUCKET, FOLDERS).arms().values()) == [Arm(), Arm()], "even the smallest share is too much"


def test_what_is_not_there_or_makes_no_sense(stage: Stage) -> None:
    stage.on("GET", GRAPH, 200, graph("credit-risk"))
    with pytest.raises(InputError, match=r"credit-risk-split stands before credit-risk; .*deploy the challenger first"):
        traffic(stage).split(10)
    stage.on("GET", PROMETHEUS, 200, {"status": "success", "data": {"result": []}})
    with pytest.raises(ServiceError, match="Prometheus gave no number"):
        traffic(stage).counts()
    stage.answers[("GET", GRAPH)] = [(403, {"message": "forbidden: User cannot get"}, {})]
    with pytest.raises(ServiceError, match="was answered with 403 forbidden"):
        traffic(stage).split(10)
    stage.answers[("GET", GRAPH)] = [(200, b"<html>", {})]
    with pytest.raises(ServiceError, match="no JSON"):
        traffic(stage).split(10)
    with pytest.raises(ServiceError, match="cannot be reached"):
        KubernetesApi("http://127.0.0.1:9", "t").get("/")


def test_the_token_is_a_presigned_call_of_sts_for_this_cluster() -> None:
    session = boto3.Session(aws_access_key_id="t", aws_secret_access_key="t", region_name="us-east-1")
    token = eks_token("acme-prod", session, "us-east-1")
    kind, _, text = token.partition(".")
    url = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    query = parse_qs(urlsplit(url).query)
    assert kind == "k8s-aws-v1"
    assert urlsplit(url).netloc == "sts.us-east-1.amazonaws.com"
    assert query["Action"] == ["GetCallerIdentity"] and query["X-Amz-Expires"] == ["60"]
    assert "x-k8s-aws-id" in query["X-Amz-SignedHeaders"][0]
