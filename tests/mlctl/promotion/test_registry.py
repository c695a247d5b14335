"""MLflow: a real server, and one that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from mlctl.config import load_environments
from mlctl.errors import BlockedError, InputError, ServiceError
from mlctl.promotion.follow import follow_mlflow
from mlctl.promotion.gate import Registered
from mlctl.promotion.move import promote
from mlctl.promotion.registry import MlflowRegistry
from tests.mlctl.promotion.conftest import Stage, prove, who
from tests.mlflow_server import mlflow_server

GET = "/api/2.0/mlflow/model-versions/get"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as address:
        yield address


def register(server: str, model: str, sha256: str, **tags: str) -> int:
    """A registered version with its tags, as ml.registry makes it."""
    base = f"{server}/api/2.0/mlflow"
    requests.post(f"{base}/registered-models/create", json={"name": model}, timeout=60)
    wanted = [{"key": key, "value": value} for key, value in {"artefact_sha256": sha256, **tags}.items()]
    answer = requests.post(f"{base}/model-versions/create", json={"name": model, "source": "s3://models/x", "tags": wanted}, timeout=60)
    assert answer.ok, answer.text
    return int(answer.json()["model_version"]["version"])


@pytest.mark.ml
def test_a_real_server(server: str, repo: Path) -> None:
    registry = MlflowRegistry(server)
    first, tampered, archived = (
        register(server, "churn", "a" * 64),
        register(server, "churn", "b" * 64),
        register(server, "churn", "a" * 64, archived="true"),
    )
    assert registry.look_up("churn", first) == Registered(sha256="a" * 64)
    assert registry.look_up("churn", 99).problem == "version 99 of churn is not registered"
    for version in (first, tampered, archived, 99):
        prove(repo, version)
    with pytest.raises(BlockedError, match="tampered"):
        promote(repo, "churn", "dev", who(), version=tampered, registry=registry)
    with pytest.raises(BlockedError, match="is archived"):
        promote(repo, "churn", "dev", who(), version=archived, registry=registry)
    with pytest.raises(BlockedError, match="version 99 of churn is not registered"):
        promote(repo, "churn", "dev", who(), version=99, registry=registry)
    promote(repo, "churn", "dev", who(), version=first, registry=registry)

    [dev] = load_environments(repo / "environments", ["dev"])
    assert registry.alias("churn", "dev") is None
    assert follow_mlflow(dev, registry) == [f"churn: alias dev → version {first}"]
    assert follow_mlflow(dev, registry) == []
    assert registry.alias("churn", "dev") == first

    registry.set_alias("churn", "challenger", first)
    assert registry.follow("churn", "prod", first, champion=True) == ["prod", "champion", "challenger"]
    assert (registry.alias("churn", "champion"), registry.alias("churn", "challenger")) == (first, None)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (500, None, "answered 500"),
        (200, b"<html>", "no JSON"),
        (200, {}, "model_version is missing from the answer"),
        (429, None, "answered 429"),
    ],
)
def test_a_server_that_misbehaves_changes_nothing(repo: Path, stage: Stage, status: int, body: Any, message: str) -> None:
    prove(repo, 1)
    stage.on("GET", GET, status, body)
    before = (repo / "environments" / "dev.yaml").read_text()
    with pytest.raises(ServiceError, match=message):
        promote(repo, "churn", "dev", who(), registry=MlflowRegistry(stage.url, attempts=1))
    assert (repo / "environments" / "dev.yaml").read_text() == before
    assert not (repo / ".mlctl" / "promotion-intent.json").exists()


def test_a_version_that_is_not_ready(stage: Stage) -> None:
    stage.on("GET", GET, 200, {"model_version": {"status": "PENDING_REGISTRATION", "tags": []}})
    assert MlflowRegistry(stage.url).look_up("churn", 1).problem == "version 1 is PENDING_REGISTRATION, not READY"


def test_no_address_of_a_server() -> None:
    with pytest.raises(InputError, match="is no address of an MLflow server; allowed: http"):
        MlflowRegistry("sqlite:///mlflow.db")
