"""The rendered workflows of an environment, put into the cluster as they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import yaml

KINDS = ("WorkflowTemplate", "CronWorkflow", "ClusterWorkflowTemplate")
"""What is installed; a `Workflow` in the folder is for submitting by hand and is left out."""


class WorkflowManifests(pulumi.ComponentResource):
    """Creates each WorkflowTemplate and CronWorkflow of the given documents."""

    def __init__(self, name: str, documents: list[Mapping[str, Any]], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:WorkflowManifests", name, {}, opts)
        for document in documents:
            metadata = document["metadata"]
            kubernetes.apiextensions.CustomResource(
                "-".join([document["kind"].lower(), metadata.get("namespace", "cluster"), metadata["name"]]),
                api_version=document["apiVersion"],
                kind=document["kind"],
                metadata=metadata,
                spec=document["spec"],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"count": len(documents)})


def workflow_documents(texts: Iterable[str]) -> list[Mapping[str, Any]]:
    """What the cluster keeps of the YAML files with these texts, in their order."""
    documents = (document for text in texts for document in yaml.load_all(text, Loader=yaml.CSafeLoader))  # ten times as fast
    return [document for document in documents if document and document.get("kind") in KINDS]
