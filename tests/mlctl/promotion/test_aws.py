"""Artefacts, model packages, alarms, and the locked copy of the evidence, against moto's AWS."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from mlctl.config import load_environments
from mlctl.errors import BlockedError, ServiceError
from mlctl.evidence.locked_copy import LockedCopy
from mlctl.evidence.log import EvidenceLog
from mlctl.promotion.alarms import alarms_on
from mlctl.promotion.artefact_copy import Place, copy_artefact
from mlctl.promotion.follow import follow_sagemaker
from mlctl.promotion.git import Git
from mlctl.promotion.move import promote, rollback
from tests.mlctl.promotion.conftest import Mlctl, prove, who

KEY = "churn/1/model.tar.gz"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


@pytest.fixture
def s3(aws: None) -> Any:
    client = boto3.client("s3", region_name="us-east-1")
    for name in ("source", "target"):
        client.create_bucket(Bucket=name)
    return client


def keys(s3: Any, bucket: str) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def copy(s3: Any) -> str | None:
    return copy_artefact(Place(bucket="source", s3=s3), Place(bucket="target", s3=s3), KEY)


def test_an_artefact_arrives_whole_and_once(s3: Any) -> None:
    s3.put_object(Bucket="source", Key=KEY, Body=b"model")
    assert copy(s3) == hashlib.sha256(b"model").hexdigest()
    assert copy(s3) is None
    assert keys(s3, "target") == [KEY]
    assert s3.get_object(Bucket="target", Key=KEY)["Body"].read() == b"model"
    assert s3.head_object(Bucket="target", Key=KEY)["Metadata"] == {"sha256": hashlib.sha256(b"model").hexdigest()}


def test_other_content_under_the_same_version_is_refused(s3: Any) -> None:
    s3.put_object(Bucket="source", Key=KEY, Body=b"model")
    s3.put_object(Bucket="target", Key=KEY, Body=b"other")
    with pytest.raises(BlockedError, match="a version never changes"):
        copy(s3)
    assert s3.get_object(Bucket="target", Key=KEY)["Body"].read() == b"other"


def test_an_artefact_that_was_changed_since_it_was_copied_is_refused(s3: Any) -> None:
    s3.put_object(Bucket="source", Key=KEY, Body=b"model", Metadata={"sha256": "0" * 64})
    with pytest.raises(BlockedError, match="tampered"):
        copy(s3)
    assert keys(s3, "target") == []


def test_what_is_not_stored_whole_is_not_put_in_place(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put_object(Bucket="source", Key=KEY, Body=b"model")
    real = s3.put_object
    monkeypatch.setattr(s3, "put_object", lambda **given: real(**{**given, "Body": given["Body"][:-1]}))
    with pytest.raises(ServiceError, match="was not stored whole"):
        copy(s3)
    assert keys(s3, "target") == []


def test_an_artefact_that_is_nowhere(s3: Any) -> None:
    with pytest.raises(BlockedError, match=f"there is no s3://target/{KEY}; put the registered version there"):
        copy(s3)
    s3.put_object(Bucket="target", Key=KEY, Body=b"model", Metadata={"sha256": hashlib.sha256(b"model").hexdigest()})
    assert copy(s3) is None, "the source cleared away an old version, which a rollback still finds"
    s3.put_object(Bucket="target", Key=KEY, Body=b"model", Metadata={"sha256": "0" * 64})
    with pytest.raises(BlockedError, match=f"s3://target/{KEY} is .* tampered"):
        copy(s3)


def test_a_bucket_that_may_not_be_read(s3: Any) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", "403", "Forbidden", 403)
        with pytest.raises(ServiceError, match=f"s3://source/{KEY}: .*Forbidden.*that the bucket lets this role read"):
            copy(s3)


def test_pinned_artefacts_follow_to_the_next_environment(repo: Path, s3: Any, mlctl: Mlctl) -> None:
    for version in (1, 2):
        prove(repo, version)
    promote(repo, "churn", "dev", who(), version=1)
    promote(repo, "churn", "dev", who(1), version=2, trial=True)
    trial = KEY.replace("/1/", "/2/")
    dev_bucket, staging_bucket = "acme-dev-models-111111111111", "acme-staging-models-222222222222"
    sync = ("model", "sync", "--env", "dev", "--artefacts")
    assert mlctl(*sync) == (0, f"there is no bucket {dev_bucket} yet: the first deployment makes it; run this again after it\n", "")
    for bucket in (dev_bucket, staging_bucket):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=staging_bucket, Key=KEY, Body=b"model")
    status, out, err = mlctl(*sync)
    assert (status, out) == (1, "") and err.startswith("error: the evidence names no run of version 1; put its model.tar.gz there by hand")
    path = repo / "environments" / "dev.yaml"
    path.write_text(path.read_text().replace("  from_environment:\n", "  from_environment: staging\n"))
    status, out, err = mlctl(*sync)
    assert (status, out) == (1, "") and f"there is no s3://{dev_bucket}/{trial}" in err, "what is on trial needs one too"
    s3.put_object(Bucket=staging_bucket, Key=trial, Body=b"trial")
    assert mlctl(*sync) == (0, f"{trial}: copied to dev, SHA-256 {hashlib.sha256(b'trial').hexdigest()[:12]}…\n", "")
    assert keys(s3, dev_bucket) == [KEY, trial]
    assert mlctl(*sync) == (0, "everything is in step\n", "")
    assert mlctl("model", "sync", "--env", "dev")[0] == 2


def test_model_packages_follow_promotion_and_rollback(repo: Path, aws: None) -> None:
    sagemaker = boto3.client("sagemaker", region_name="us-east-1")
    for group in ("churn", "credit-risk"):
        sagemaker.create_model_package_group(ModelPackageGroupName=group, ModelPackageGroupDescription="x")
    for version in (1, 2, 3):
        prove(repo, version)
        sagemaker.create_model_package(
            ModelPackageGroupName="churn",
            ModelPackageDescription="x",
            ModelApprovalStatus="PendingManualApproval",
            CustomerMetadataProperties={"version": str(version)},
        )
    for version in (1, 2):
        promote(repo, "churn", "dev", who(version), version=version)

    def follow() -> list[str]:
        return follow_sagemaker(repo, load_environments(repo / "environments", ["dev"])[0], sagemaker)

    assert follow() == ["churn version 1: PendingManualApproval → Approved", "churn version 2: PendingManualApproval → Approved"]
    assert follow() == []
    rollback(repo, "churn", "dev", who(3), reason="slow")
    assert follow() == ["churn version 2: Approved → Rejected"]


def test_alarms_that_are_on(repo: Path, aws: None) -> None:
    cloudwatch = boto3.client("cloudwatch", region_name="us-east-1")
    for name, endpoint in (("a", "acme-dev-churn"), ("b", "acme-dev-churn-challenger"), ("c", "acme-prod-churn")):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/SageMaker",
            MetricName="ModelLatency",
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}],
            Statistic="Average",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    [dev] = load_environments(repo / "environments", ["dev"])
    assert alarms_on(dev, cloudwatch) == {("dev", "churn"): "a, b", ("dev", "credit-risk"): ""}


@pytest.fixture
def locked(aws: None) -> Any:
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="audit", ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}
    client.put_object_lock_configuration(Bucket="audit", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    return client


def test_the_locked_copy_holds_each_record_once_and_convicts_a_forger(repo: Path, locked: Any) -> None:
    prove(repo, 1)
    log, there = EvidenceLog(repo / "evidence"), LockedCopy("audit", locked)
    assert (there.copy(log), there.copy(log)) == (6, 0)
    prove(repo, 2)
    assert there.compare(log) == [], "growth is no problem"
    assert there.copy(log) == 6
    first = next(iter(log.records()))
    head = locked.head_object(Bucket="audit", Key=f"evidence/churn/00000001-{first.hash}.json")
    assert head["ObjectLockMode"] == "COMPLIANCE"

    forged = EvidenceLog(repo / "forged")
    prove(repo, 3, failing="fairness")
    (repo / "evidence").rename(repo / "kept")
    prove(repo, 1, leave_out="fairness")
    assert log.verify() == [], "chain and heads agree with each other"
    problems = there.compare(log)
    assert len(problems) == 11 and problems[0].startswith("churn: record 2 of the locked copy is not in the log, or was changed")
    assert there.compare(forged) != []


def test_a_bucket_without_lock_or_at_all(repo: Path, s3: Any) -> None:
    prove(repo, 1)
    with pytest.raises(ServiceError, match="ObjectLockConfigurationNotFound"):
        LockedCopy("source", s3).copy(EvidenceLog(repo / "evidence"))
    with pytest.raises(ServiceError, match="NoSuchBucket"):
        LockedCopy("nowhere", s3).copy(EvidenceLog(repo / "evidence"))


def test_the_commands(repo: Path, locked: Any, mlctl: Mlctl) -> None:
    prove(repo, 1)
    assert mlctl("evidence", "copy", "--bucket", "audit")[0] == 2, "nothing is committed"
    git = Git(repo)
    git.run("init", "--quiet")
    commit(git)
    prove(repo, 2)
    assert mlctl("evidence", "copy", "--bucket", "audit") == (0, "6 records copied to audit\n", ""), "what is committed"
    git.run("checkout", "--quiet", "--", "evidence")
    assert mlctl("evidence", "verify", "--bucket", "audit") == (0, "6 records of 1 models are whole\n", "")
    assert mlctl("evidence", "record", "churn", "--kind", "gate", "--detail", "policies=12", "--detail", "report=ok")[0] == 0
    status, out, _ = mlctl("evidence", "show", "churn", "--version", "1")
    assert status == 0 and 'contract_version: "1.0+abc"' in out and out.count("by training") == 6
    _, out, _ = mlctl("evidence", "show", "churn")
    assert "policies: 12" in out and 'report: "ok"' in out
    assert mlctl("evidence", "show", "x")[2] == "error: MODEL: there is no evidence about 'x'; allowed: churn\n"
    assert mlctl("evidence", "record", "churn", "--kind", "approval")[0] == 2
    path = repo / "evidence" / "churn.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    status, out, _ = mlctl("evidence", "verify")
    assert status == 1 and "record 2 stands where record 1 belongs" in out
    commit(git)
    assert mlctl("evidence", "copy", "--bucket", "audit")[0] == 1


def commit(git: Git) -> None:
    git.commit(["evidence"], "evidence", author="ada@acme.example")
