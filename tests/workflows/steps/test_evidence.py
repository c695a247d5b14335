"""Findings become records of the kinds the promotion rules ask for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from click.testing import CliRunner
from moto import mock_aws

from mlctl.cli.evidence import command
from mlctl.errors import InputError
from mlctl.evidence.log import EvidenceLog
from policies.ml.evidence import KINDS as ASKED_FOR
from workflows.steps.evidence import KINDS, Grounds, note, record

ROOT = Path(__file__).parents[3]
GATE = {"metric": "roc_auc", "estimate": 0.8, "low": 0.7, "high": 0.9, "threshold": 0.7, "verdict": "pass"}
GROUP = {"attribute": "sex", "adverse_impact_ratio": 0.6, "equalised_odds_difference": 0.3, "verdict": "fail"}
FILES: dict[str, dict[str, Any]] = {
    "bundle": {"algorithm": "xgboost", "data_hash": "d1", "contract_version": "1.0+ab", "model_sha256": "m1", "seed": 7},
    "screening": {"verdict": "pass"},
    "evaluation": {"verdict": "pass", "rows": 900, "gates": [GATE], "champion": {"verdict": "pass"}},
    "fairness": {"verdict": "fail", "attributes": [GROUP]},
    "explanation": {"verdict": "pass", "method": "shap", "adverse_decisions": 9, "adverse_explained": 9},
    "package": {
        "verdict": "pass",
        "chosen": "plain",
        "p50_ms": 1.0,
        "p99_ms": 2.0,
        "largest_difference": 0.0,
        "model_sha256": "o1",
    },
}


@pytest.fixture
def grounds(tmp_path: Path) -> Grounds:
    folders = {}
    for name, content in FILES.items():
        folders[name] = tmp_path / name
        folders[name].mkdir()
        (folders[name] / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return Grounds(model="credit-risk", version=4, actor="workflow x", commit="c0ffee", folders=folders)


def test_every_kind_the_rules_ask_for_is_written(grounds: Grounds, tmp_path: Path) -> None:
    log = EvidenceLog(tmp_path / "evidence")
    record(grounds, tmp_path / "out" / "events.json", str(log.folder))
    found = {item.kind: item for item in log.records("credit-risk")}
    assert list(found) == list(KINDS)
    assert set(ASKED_FOR) <= set(found)
    assert {kind: item.verdict for kind, item in found.items()} == {
        "training": None,
        "evaluation": "pass",
        "fairness": "fail",
        "explanation": "pass",
        "latency": "pass",
        "data_contract": "pass",
        "artefact": "pass",
    }
    assert found["artefact"].details == {"onnx_sha256": "o1", "model_sha256": "m1"}
    assert {item.version for item in found.values()} == {4}
    assert [item["kind"] for item in json.loads((tmp_path / "out" / "events.json").read_text())] == list(KINDS)


def test_a_registered_artefact_is_told_whole(grounds: Grounds, tmp_path: Path) -> None:
    """The hash of the list of all files: whoever packs them for serving checks every file against it."""
    folder = tmp_path / "registration"
    folder.mkdir()
    (folder / "registration.json").write_text(json.dumps({"version": "4", "tags": {"artefact_sha256": "a1"}}), encoding="utf-8")
    registered = replace(grounds, folders={**grounds.folders, "registration": folder})
    [artefact] = [event for event in record(registered, tmp_path / "events.json", "") if event.kind == "artefact"]
    assert artefact.details == {"onnx_sha256": "o1", "model_sha256": "m1", "sha256": "a1"}


def test_a_step_that_runs_again_adds_nothing(grounds: Grounds, tmp_path: Path) -> None:
    log = EvidenceLog(tmp_path / "evidence")
    for _ in range(2):
        record(grounds, tmp_path / "events.json", str(log.folder))
    assert len(list(log.records())) == len(KINDS)
    assert log.verify() == []


def test_a_model_that_could_not_be_exported_has_no_artefact(grounds: Grounds, tmp_path: Path) -> None:
    (grounds.folders["package"] / "package.json").write_text(json.dumps({**FILES["package"], "model_sha256": None}), encoding="utf-8")
    events = {event.kind: event for event in record(grounds, tmp_path / "events.json", "")}
    assert events["artefact"].verdict == "fail"
    assert not (tmp_path / "evidence").exists()


def test_a_note_without_a_log_is_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    note("rollback", "churn", "me", "", version=1)
    assert list(tmp_path.iterdir()) == []


def test_the_clusters_evidence_reaches_the_log_by_way_of_the_locked_bucket(
    grounds: Grounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a pod: the address is the one the rendered manifest gives, the client is boto3's; then `mlctl evidence collect`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    manifest = yaml.safe_load((ROOT / "workflows/rendered/dev/credit-risk-training.yaml").read_text())
    given = {item["name"]: item["value"] for item in manifest["spec"]["arguments"]["parameters"]}
    bucket, _, prefix = given["evidence-log"].removeprefix("s3://").partition("/")
    assert prefix.startswith(f"{manifest['metadata']['namespace']}/"), "the team's role writes below its own name only"
    for folder in ("environments", "stacks"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        for _ in range(2):
            record(grounds, tmp_path / "events.json", given["evidence-log"])
        note("rollback", "credit-risk", "workflow y", given["evidence-log"], version=3)
        collected = CliRunner().invoke(command, ["collect", "--bucket", bucket])
        again = CliRunner().invoke(command, ["collect", "--bucket", bucket])
    assert collected.output == f"8 events collected from {bucket}\n", collected.exception
    assert again.output == f"0 events collected from {bucket}\n"
    log = EvidenceLog(tmp_path / "evidence")
    assert sorted(item.kind for item in log.records("credit-risk")) == sorted([*KINDS, "rollback"])
    assert log.verify() == []


@pytest.mark.parametrize("log", ["evidence", "./evidence", "s3://bucket", "https://bucket/x"])
def test_a_place_that_is_none_is_refused(log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(InputError, match="s3://BUCKET/PREFIX"):
        note("rollback", "churn", "me", log, version=1)
    assert list(tmp_path.iterdir()) == []
