"""Which documents of rendered YAML the cluster keeps."""

from __future__ import annotations

from infra.platform.workflow_manifests import workflow_documents

TWO = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: train, namespace: lending}
spec: {entrypoint: main}
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: monitor, namespace: lending}
spec: {schedules: ["0 * * * *"]}
---
"""
BY_HAND = "{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {generateName: once-}, spec: {entrypoint: main}}"


def test_templates_and_cron_workflows_are_kept_in_order_and_runs_are_not() -> None:
    assert [(item["kind"], item["metadata"]["name"]) for item in workflow_documents([TWO, BY_HAND])] == [
        ("WorkflowTemplate", "train"),
        ("CronWorkflow", "monitor"),
    ]


def test_no_files_no_documents() -> None:
    assert workflow_documents([]) == []
