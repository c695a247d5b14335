"""From MLflow's artefact store to the bucket that models are served from: a real MLflow server that keeps its files in moto's S3."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from mlctl.errors import BlockedError
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Record
from mlctl.promotion.artefact_copy import Place
from mlctl.promotion.move import promote
from mlctl.promotion.registered_model import packed_model
from tests.mlctl.promotion.conftest import Mlctl, prove, who
from tests.mlflow_server import mlflow_server
from tests.moto_server import moto_process, moto_server

__all__ = ["moto_process", "moto_server"]
BUCKET, MODELS = "acme-dev-mlflow-111111111111", "acme-dev-models-111111111111"
ONNX = b"onnx"
FILES = {
    "MLmodel": b"flavors: {}",
    "artifacts/artefact/model.onnx": ONNX,
    "code/ml/__init__.py": b'"""ml."""',
    "bundle/model.joblib": b"trained",
    "evidence/fairness.json": b"{}",
}


@pytest.fixture
def s3(moto_server: str) -> Any:
    client = boto3.client(
        "s3", endpoint_url=moto_server, region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    for bucket in (BUCKET, MODELS):
        client.create_bucket(Bucket=bucket)
    return client


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """What ml/steps/release.py registers."""
    for name, content in FILES.items():
        (tmp_path / "staged" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "staged" / name).write_bytes(content)
    return tmp_path / "staged"


@pytest.fixture
def stored(s3: Any, staged: Path) -> Any:
    """The same, as it lies in S3: run `r1` of experiment 3, beside another experiment."""
    from ml.registry.files import write_list

    write_list(staged)
    s3.put_object(Bucket=BUCKET, Key="artifacts/1/r0/artifacts/model/MLmodel", Body=b"another")
    for path in staged.rglob("*"):
        if path.is_file():
            name = path.relative_to(staged).as_posix()
            s3.put_object(Bucket=BUCKET, Key=f"artifacts/3/r1/artifacts/model/{name}", Body=path.read_bytes())
    return s3


def evidence(root: Path, run: str | None = "r1", **details: Any) -> list[Record]:
    """What the training workflow wrote about version 1."""
    found = details or {"onnx_sha256": hashlib.sha256(ONNX).hexdigest(), "model_sha256": "0" * 64}
    log = EvidenceLog(root / "evidence")
    log.append([who().event(kind="training", model="churn", version=1, details={"run_id": run})])
    log.append([who().event(kind="artefact", model="churn", version=1, verdict="pass", details=found)])
    return list(log.records("churn"))


def unpacked(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive.getmembers()}  # type: ignore[union-attr]


@pytest.mark.ml
def test_what_is_served_is_packed_the_same_every_time(tmp_path: Path, stored: Any) -> None:
    store, records = Place(bucket=BUCKET, s3=stored), evidence(tmp_path)
    content = packed_model(store, records, 1)
    served = {name: text for name, text in FILES.items() if not name.startswith(("bundle/", "evidence/"))}
    assert {name: text for name, text in unpacked(content).items() if name != "sha256.json"} == served
    assert packed_model(store, records, 1) == content
    files = {name: hashlib.sha256(text).hexdigest() for name, text in FILES.items()}
    whole = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    assert packed_model(store, evidence(tmp_path, sha256=whole), 1) == content


@pytest.mark.ml
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("code/ml/__init__.py", b"import os", "code/ml/__init__.py of run r1 is not the registered one"),
        ("code/more.py", b"", "code/more.py of run r1 is not the registered one"),
        ("sha256.json", b"[", "sha256.json of run r1 is not the registered one"),
        ("sha256.json", b"{}", "MLmodel of run r1 is not the registered one"),
    ],
)
def test_a_changed_file_is_refused(tmp_path: Path, stored: Any, name: str, content: bytes, message: str) -> None:
    stored.put_object(Bucket=BUCKET, Key=f"artifacts/3/r1/artifacts/model/{name}", Body=content)
    with pytest.raises(BlockedError, match=message):
        packed_model(Place(bucket=BUCKET, s3=stored), evidence(tmp_path), 1)


@pytest.mark.ml
@pytest.mark.parametrize(
    ("run", "details", "message"),
    [
        (None, {}, "the evidence names no run of version 1"),
        ("r2", {}, f"s3://{BUCKET} holds no registered model of run r2"),
        ("r1", {"onnx_sha256": "0" * 64}, "are not those that the evidence is about: tampered"),
        ("r1", {"sha256": "0" * 64}, "are not those that the evidence is about: tampered"),
        ("r1", {"other": "nothing about its bytes"}, "are not those that the evidence is about: tampered"),
    ],
)
def test_what_the_evidence_does_not_vouch_for(tmp_path: Path, stored: Any, run: str | None, details: Any, message: str) -> None:
    with pytest.raises(BlockedError, match=message):
        packed_model(Place(bucket=BUCKET, s3=stored), evidence(tmp_path, run, **details), 1)


@pytest.fixture
def registry_server(moto_server: str, tmp_path: Path) -> Iterator[str]:
    """As infra/platform/mlflow.py sets it up: files in S3 through the server."""
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}
    variables = {**keys, "MLFLOW_S3_ENDPOINT_URL": moto_server}
    with mlflow_server(tmp_path, "--artifacts-destination", f"s3://{BUCKET}/artifacts", variables=variables) as address:
        yield address


@pytest.mark.ml
@pytest.mark.slow
def test_a_model_registered_in_mlflow_reaches_the_bucket_it_is_served_from(
    repo: Path, s3: Any, staged: Path, registry_server: str, moto_server: str, mlctl: Mlctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml.registry.registry import Registry

    version = Registry(registry_server).register("churn", staged, run_id=None, tags={}, description="x")
    query = {"name": "churn", "version": version}
    found = requests.get(f"{registry_server}/api/2.0/mlflow/model-versions/get", params=query, timeout=30).json()["model_version"]
    evidence(repo, found["run_id"])
    prove(repo, 1, leave_out="artefact")
    promote(repo, "churn", "dev", who(), version=1)
    for name, value in (("AWS_ENDPOINT_URL", moto_server), ("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")):
        monkeypatch.setenv(name, value)
    sync = ("model", "sync", "--env", "dev", "--artefacts")
    status, out, err = mlctl(*sync)
    assert status == 0 and out.startswith("churn/1/model.tar.gz: packed from what is registered, SHA-256 "), err
    content = s3.get_object(Bucket=MODELS, Key="churn/1/model.tar.gz")
    assert unpacked(content["Body"].read())["artifacts/artefact/model.onnx"] == ONNX
    assert mlctl(*sync) == (0, "everything is in step\n", "")
    s3.put_object(Bucket=MODELS, Key="churn/1/model.tar.gz", Body=b"other", Metadata=content["Metadata"])
    assert "tampered" in mlctl(*sync)[2]
