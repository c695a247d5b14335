"""Our own checks, in real Checkov: each passes a good workflow and fails a bad one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from mlctl.checks.checkov import process
from mlctl.plan.environment import Repository

PYTHON = process.checkov_python(Repository.find().root)
WORKFLOW = """apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: w}
spec:
  serviceAccountName: training
  securityContext: {runAsNonRoot: true}
  templates:
    - name: step
      container:
        image: IMAGE
        resources: {limits: {LIMIT: 1Gi}}
"""


def results(path: Path) -> dict[str, str]:
    question = json.dumps({"scans": {"a": {"framework": "argo_workflows", "files": [str(path)]}}})
    driver = Path(process.__file__).with_name("driver.py")
    run = subprocess.run([PYTHON, driver], input=question, capture_output=True, text=True, check=True)
    return {record[0]: record[2] for record in json.loads(run.stdout)["scans"]["a"]["records"]}


@pytest.mark.skipif(not PYTHON.exists(), reason="needs Checkov's environment: make setup")
@pytest.mark.parametrize(
    ("image", "limit", "expected"),
    [
        ("registry.example:5000/a:1.0.0", "memory", ("PASSED", "PASSED")),
        ("registry.example/a@sha256:00", "memory", ("PASSED", "PASSED")),
        ("registry.example:5000/a", "memory", ("FAILED", "PASSED")),
        ("a:latest", "cpu", ("FAILED", "FAILED")),
    ],
)
def test_workflow_containers(tmp_path: Path, image: str, limit: str, expected: tuple[str, str]) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(WORKFLOW.replace("IMAGE", image).replace("LIMIT", limit), encoding="utf-8")
    found = results(path)
    assert (found["CKV_ARGO_ML_1"], found["CKV_ARGO_ML_2"]) == expected
    assert found["CKV_ARGO_1"] == found["CKV_ARGO_2"] == "PASSED"
