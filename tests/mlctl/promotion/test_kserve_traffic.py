"""The graph of a model on the cluster: its weights over the Kubernetes API, its figures from Prometheus behind the API server's proxy."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from mlctl.errors import InputError, ServiceError
from mlctl.promotion.canary import Arm, Limits
from mlctl.promotion.canary_run import run_canary
from mlctl.promotion.kserve_traffic import PROMETHEUS, KServeTraffic
from mlctl.promotion.kubernetes_api import KubernetesApi, eks_token
from tests.mlctl.promotion.conftest import Stage

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
GRAPH = "/apis/serving.kserve.io/v1alpha1/namespaces/lending/inferencegraphs/credit-risk-split"


def traffic(stage: Stage, moments: list[datetime] | None = None) -> KServeTraffic:
    given = iter(moments or [])
    api = KubernetesApi(stage.url, "t0ken")
    return KServeTraffic("credit-risk", "lending", lambda: api, slow_ms=320, now=lambda: next(given, START))


def graph(*names: str) -> dict[str, Any]:
    steps = [{"name": name, "serviceUrl": f"http://{name}/invocations", "weight": 50} for name in names]
    return {"kind": "InferenceGraph", "spec": {"nodes": {"root": {"routerType": "Splitter", "steps": steps}}}}


def number(value: float | str) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1763640000, str(value)]}]}}


def test_a_failing_challenger_gets_nothing_more(stage: Stage) -> None:
    stage.on("GET", GRAPH, 200, graph("credit-risk", "credit-risk-challenger"))
    stage.on("PATCH", GRAPH, 200, graph())
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
