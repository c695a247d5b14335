"""The platform's own workflow on a real Argo: the same file as on a laptop, with the plan's accounts and rights, to the same model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlctl.plan.environment import Repository
from tests.conftest import PlanOf
from tests.engine.argo_cluster import ArgoCluster
from tests.engine.fidelity import Fidelity
from tests.engine.manifests import manifest, objects
from tests.mlflow_server import mlflow_server
from workflows.demo.runs import WARM

pytestmark = [pytest.mark.engine, pytest.mark.ml, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
MLCTL = str(Path(sys.executable).with_name("mlctl"))
PEOPLE = "workflow-user"
"""The account as which a team's people see and run workflows."""
NAMESPACE = "retention"
SMALL = {"knobs": '{"rows": 2000, "seed": 7}', "training": '{"trials": 2, "seed": 7}'}
OF_ITS_OWN = {
    "MLmodel": "a name and a time",
    "evidence/package.json": "latencies",
    "evidence/decision.json": "a latency",
    "model_card.md": "a latency",
    "data/artefact/artefact.json": "hashes of files that name the run",
    "sha256.json": "hashes of all these",
}
"""The files in which two runs of one seed differ, and by what."""
OURS = {"Namespace", "PriorityClass", "ServiceAccount", "Role", "RoleBinding"}
Object = dict[str, Any]


@dataclass(frozen=True)
class Trained:
    """A model in a registry, and what the run that made it gave."""

    registry: str
    outputs: Object


@pytest.fixture(scope="module")
def team(argo: ArgoCluster, plan_of: PlanOf, repository: Repository) -> None:
    """The namespace of a team with what the plan puts into it."""
    planned = [manifest(resource) for resource in objects(plan_of("dev"))]
    chosen = [item for item in planned if item["kind"] in OURS and belongs(item)]
    assert {item["kind"] for item in chosen} == OURS
    for item in sorted(chosen, key=lambda item: item["kind"] != "Namespace"):
        argo.create(item)
    template = yaml.safe_load((repository.root / "workflows" / "rendered" / "dev" / "churn-training.yaml").read_text())
    argo.create(template, NAMESPACE)
    argo.bucket("evidence")


def belongs(item: Object) -> bool:
    metadata = item["metadata"]
    return bool(item["kind"] == "PriorityClass" or NAMESPACE in (metadata["name"], metadata.get("namespace")))


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as address:
        yield address


@dataclass(frozen=True)
class Submitted:
    """What `mlctl workflow submit --watch` said, and the workflow as it ended."""

    status: int
    said: str
    workflow: Object


@pytest.fixture(scope="module")
def server(argo: ArgoCluster) -> Iterator[str]:
    with argo.argo_server() as address:
        yield address


def submit(argo: ArgoCluster, server: str, token: str, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As one of the team's people does."""
    command = [MLCTL, "workflow", "submit", "churn-training", "--env", "dev", "--server", server, "--ca-file", str(argo.server.authority)]
    command += ["--watch", *(f"--parameter={name}={value}" for name, value in given.items())]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "ARGO_TOKEN": token}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def on_argo(argo: ArgoCluster, server: str, team: None, tracking: str) -> Submitted:
    given = {**SMALL, "tracking-uri": tracking, "evidence-log": "s3://evidence/retention"}
    done = submit(argo, server, argo.token(NAMESPACE, PEOPLE), given)
    [workflow] = argo.workflows(NAMESPACE)
    return Submitted(done.returncode, done.stdout + done.stderr, workflow)


def test_a_server_that_does_not_know_the_token_is_told_nothing(argo: ArgoCluster, server: str, team: None) -> None:
    done = submit(argo, server, "no-token-at-all", {})
    assert done.returncode == 3
    assert "does not know the token" in done.stderr
    assert argo.workflows(NAMESPACE) == []


@pytest.fixture(scope="module")
def on_a_laptop(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("laptop")
    registry = f"sqlite:///{folder}/mlflow.db"
    given = {**SMALL, "tracking-uri": registry, "evidence-log": str(folder / "evidence")}
    command = [MLCTL, "workflow", "run", "churn-training", "--env", "dev", "--format", "json"]
    command += [f"--warm={module}" for module in WARM]
    command += ["--runs-dir", str(folder / "runs"), *(f"--parameter={name}={value}" for name, value in given.items())]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return Trained(registry, json.loads(ended.stdout)["outputs"])


def test_training_ends_on_argo_as_on_a_laptop(on_argo: Submitted, on_a_laptop: Trained) -> None:
    status = on_argo.workflow["status"]
    seen = {node["displayName"]: f"{node['phase']} {node.get('message', '')}" for node in status["nodes"].values()}
    assert (on_argo.status, status["phase"]) == (0, "Succeeded"), f"{on_argo.said} {seen}"
    main = status["nodes"][on_argo.workflow["metadata"]["name"]]
    outputs = {item["name"]: item["value"] for item in main["outputs"]["parameters"]}
    assert outputs == on_a_laptop.outputs


def test_both_make_the_same_model(on_argo: Submitted, on_a_laptop: Trained, tracking: str, tmp_path: Path, fidelity: Fidelity) -> None:
    files = {name: registered(uri, tmp_path / name) for name, uri in (("argo", tracking), ("laptop", on_a_laptop.registry))}
    assert files["argo"].keys() == files["laptop"].keys() > OF_ITS_OWN.keys()
    compared = files["argo"].keys() - OF_ITS_OWN.keys()
    different = sorted(name for name in compared if files["argo"][name] != files["laptop"][name])
    fidelity.record("argo model", len(compared), different)
    assert different == []


def registered(uri: str, folder: Path) -> dict[str, bytes]:
    """Every file of the version that was registered, without the name that MLflow gave its run."""
    from ml.registry.registry import Registry

    stored = Registry(uri).fetch("churn", "1", folder)
    run = json.loads((stored / "bundle" / "training.json").read_text())["run_id"].encode()
    files = [path for path in sorted(stored.rglob("*")) if path.is_file()]
    return {str(path.relative_to(stored)): path.read_bytes().replace(run, b"RUN") for path in files}
