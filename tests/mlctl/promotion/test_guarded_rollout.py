"""How SageMaker's own blue/green deployment ended, read from SageMaker's API (moto)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from mlctl.errors import BlockedError, ServiceError
from mlctl.evidence.log import EvidenceLog
from mlctl.promotion.guarded_rollout import rollout_outcome
from mlctl.promotion.move import promote
from tests.mlctl.promotion.conftest import Mlctl, pinned, prove, who

ENDPOINT = "acme-prod-credit-risk"


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "t")
    with mock_aws():
        yield boto3.client("sagemaker", region_name="us-east-1")


def deploy(sagemaker: Any, version: int) -> None:
    container = {"Image": "i", "ModelDataUrl": f"s3://acme-prod-models/credit-risk/{version}/model.tar.gz"}
    role = "arn:aws:iam::333333333333:role/models"
    sagemaker.create_model(ModelName=f"credit-risk-{version}", ExecutionRoleArn=role, PrimaryContainer=container)
    variant: dict[str, Any] = {"VariantName": "champion", "ModelName": f"credit-risk-{version}", "InstanceType": "ml.m5.large"}
    variant |= {"InitialInstanceCount": 2, "InitialVariantWeight": 100.0}
    sagemaker.create_endpoint_config(EndpointConfigName=f"c{version}", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=f"c{version}")


def test_which_version_serves_in_the_end(sagemaker: Any) -> None:
    with pytest.raises(ServiceError, match="Could not find endpoint"):
        rollout_outcome(ENDPOINT, 4, sagemaker)
    deploy(sagemaker, 4)
    assert rollout_outcome(ENDPOINT, 4, sagemaker).result == "champion_replaced"
    seen = rollout_outcome(ENDPOINT, 4, sagemaker, asked={"errors", "latency", "groups", "business"})
    assert (seen.result, seen.verdict, seen.decision.unanswered) == ("champion_replaced", "not_evaluated", ("business", "groups"))
    outcome = rollout_outcome(ENDPOINT, 5, sagemaker)
    assert (outcome.result, outcome.verdict) == ("rolled_back", "fail")
    assert outcome.decision.checks[0].detail == "SageMaker's rollout ended with version 4; version 5 is pinned"


def test_an_endpoint_that_is_still_changing_decides_nothing(sagemaker: Any) -> None:
    deploy(sagemaker, 4)

    class Changing:
        def __getattr__(self, name: str) -> Any:
            return getattr(sagemaker, name)

        def describe_endpoint(self, **given: str) -> dict[str, Any]:
            return {**sagemaker.describe_endpoint(**given), "EndpointStatus": "Updating"}

    with pytest.raises(BlockedError, match="is Updating; wait for it"):
        rollout_outcome(ENDPOINT, 4, Changing())


def test_the_command_reverts_what_sagemaker_rolled_back(sagemaker: Any, repo: Any, mlctl: Mlctl) -> None:
    dev = repo / "environments" / "prod.yaml"
    dev.write_text(dev.read_text().replace("soak_hours: 72", "soak_hours: 0").replace("approvers: 2", "approvers: 0"))
    dev.write_text(dev.read_text().replace("  from_environment: staging\n", ""))
    for version in (4, 5):
        prove(repo, version, "credit-risk")
        promote(repo, "credit-risk", "prod", who(), version=version)
    deploy(sagemaker, 4)
    status, out, err = mlctl("model", "canary", "credit-risk", "--env", "prod", "--aws")
    assert (status, "credit-risk in prod: rolled back" in out) == (1, True), err
    assert pinned(dev, "credit-risk").version == 4
    canary, rolled = list(EvidenceLog(repo / "evidence").records("credit-risk"))[-2:]
    assert (canary.kind, canary.verdict, rolled.kind, rolled.version) == ("canary", "fail", "rollback", 4)
    assert mlctl("model", "canary", "credit-risk", "--env", "prod", "--aws")[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mode: serverless\n    serverless: {}", "mode serverless: has no challenger, so its new version took over at once"),
        ("mode: batch\n    batch_schedule: 0 3 * * *\n    instances: {}", "mode batch: scores files and has no requests to split"),
        ("mode: asynchronous\n    instances: {minimum: 0}", "mode asynchronous: answers later, from a queue of its own"),
    ],
)
def test_what_cannot_be_split_is_refused_by_name(repo: Any, mlctl: Mlctl, text: str, said: str) -> None:
    dev = repo / "environments" / "dev.yaml"
    start = dev.read_text().index("  churn:")
    end = dev.read_text().index("\nbudgets:")
    isolated = "true" if "serverless" not in text else "false"
    section = f"  churn:\n    team: retention\n    {text}\n    version: 3\n    network_isolation: {isolated}\n    vpc: {isolated}\n"
    dev.write_text(dev.read_text()[:start] + section + dev.read_text()[end:])
    status, _, err = mlctl("model", "canary", "churn", "--env", "dev", "--aws")
    assert status == 2 and said in err, err
