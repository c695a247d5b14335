"""Whatever a rendered workflow names, the plan of its environment creates: accounts, secrets, queues, nodes, buckets, images."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlctl.plan.model import Plan
from tests.stacks.provided import Provided

RENDERED = Path(__file__).parents[2] / "workflows" / "rendered"
ENVIRONMENTS = sorted(folder.name for folder in RENDERED.iterdir())


@cache
def manifests(environment: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    """File and manifest; none is changed by a test."""
    paths = sorted((RENDERED / environment).glob("*.yaml"))
    return tuple((path.name, manifest) for path in paths for manifest in yaml.safe_load_all(path.read_text(encoding="utf-8")))


def templates(environment: str) -> frozenset[tuple[str, str]]:
    return frozenset(
        (manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        for _, manifest in manifests(environment)
        if manifest["kind"] == "WorkflowTemplate"
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_everything_that_is_named_is_created(plan_of: Callable[[str], Plan], environment: str) -> None:
    provided = Provided.of(plan_of(environment))
    known = templates(environment)
    missing = {file: found for file, manifest in manifests(environment) if (found := provided.missing(manifest, known))}
    assert missing == {}


@pytest.fixture(scope="module")
def provided(plan_of: Callable[[str], Plan]) -> Provided:
    return Provided.of(plan_of("prod"))


def spoil(manifest: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    text = yaml.safe_dump(manifest)
    assert old in text
    spoiled: dict[str, Any] = yaml.safe_load(text.replace(old, new))
    return spoiled


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("credit-risk-training.yaml", "serviceAccountName: workflow", "serviceAccountName: other", "service account other"),
        ("credit-risk-training.yaml", "priorityClassName: batch", "priorityClassName: urgent", "priority class urgent"),
        ("credit-risk-batch-scoring.yaml", "name: decision\n", "name: decisions\n", "secret decisions with the key key"),
        ("credit-risk-training.yaml", "name: memo-credit-risk", "name: memo-churn", "right to keep ConfigMap memo-churn"),
        ("credit-risk-distributed-training.yaml", "queue-name: default", "queue-name: fast", "queue fast"),
        ("credit-risk-distributed-training.yaml", "s3://acme-prod-workflows", "s3://acme-dev-workflows", "place s3://acme-dev-workflows"),
        ("credit-risk-distributed-training.yaml", "/lending/ray", "/retention/ray", "place s3://acme-prod-workflows"),
        ("credit-risk-distributed-training.yaml", "kind: RayJob", "kind: RayService", "right to "),
        ("credit-risk-training.yaml", "acme/training:", "acme/trainer:", "image 333333333333.dkr.ecr"),
        ("credit-risk-training.yaml", "node-pool: cpu-batch", "node-pool: cpu-huge", "node with {"),
        ("credit-risk-training.yaml", "key: nvidia.com/gpu", "key: other.com/gpu", "node with {"),
        ("credit-risk-training.yaml", "http://mlflow.mlflow", "http://tracking.mlflow", "service tracking in mlflow"),
        ("credit-risk-monitoring.yaml", "name: credit-risk-retraining", "name: churn-retraining", "workflow template churn-retraining"),
        ("credit-risk-batch-scoring.yaml", "storage: 50Gi", "storage: 900Gi", "volume of 900 GiB"),
    ],
)
def test_what_is_missing_is_found(provided: Provided, file: str, old: str, new: str, complaint: str) -> None:
    manifest = next(manifest for name, manifest in manifests("prod") if name == file)
    found = provided.missing(spoil(manifest, old, new), templates("prod"))
    assert any(item.startswith(complaint) for item in found), found


def test_monitoring_reads_where_serving_records(plan_variant: Callable[..., Plan]) -> None:
    """The endpoint that records is one of a variant with a version; the key is what the monitoring workflow names."""
    plan = plan_variant({"models.credit-risk.version": 3}, base="prod", stacks=("platform", "serving"))
    [configuration] = [item for item in plan.resources() if item.type.endswith(":EndpointConfiguration")]
    [bucket] = {
        item.inputs["values"]["artifactRepository"]["s3"]["bucket"]
        for item in plan.resources()
        if item.type.endswith(":Release") and item.inputs["name"] == "argo-workflows"
    }
    monitoring = next(manifest for name, manifest in manifests("prod") if name == "credit-risk-monitoring.yaml")
    [key] = [artifact["s3"]["key"] for artifact in monitoring["spec"]["arguments"]["artifacts"] if artifact["name"] == "decisions"]
    assert configuration.inputs["dataCaptureConfig"]["destinationS3Uri"] == f"s3://{bucket}/{key}"
