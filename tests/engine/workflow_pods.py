"""The pods that Argo makes of a workflow's templates, and those that the objects it creates (a Ray cluster) will make.

The mapping follows https://argo-workflows.readthedocs.io/en/latest/fields/. Argo's own containers (`init`, `wait`) come from the values of
its chart and are not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

Object = Mapping[str, Any]
Pod = dict[str, Any]

_EITHER = ("affinity", "priorityClassName", "schedulerName", "securityContext", "serviceAccountName", "tolerations")
"""Settings that a template has from the workflow unless it has its own."""
_EXPRESSION = re.compile(r"{{[^{}]*}}")
_OF_ARGO = {"source", "mirrorVolumeMounts"}
"""Fields of a container that Argo takes out."""


def rendered(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every manifest of a folder of workflows, with its file."""
    for path in sorted(folder.glob("*.yaml")):
        for manifest in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            yield path, manifest


def workflow_spec(manifest: Object) -> Object:
    """The spec with the templates, of a workflow, a template, or a cron workflow that has its own."""
    spec: Object = manifest["spec"]
    inner: Object = spec.get("workflowSpec", spec)
    return inner


def claims(manifest: Object) -> list[Object]:
    """The volume claims that Argo makes for each run."""
    made = workflow_spec(manifest).get("volumeClaimTemplates", [])
    return [{"apiVersion": "v1", "kind": "PersistentVolumeClaim", **claim} for claim in made]


def created(manifest: Object) -> list[tuple[str, dict[str, Any]]]:
    """The objects that a workflow's `resource` templates create, with the template's name. Variables have the value 1."""
    texts = {template["name"]: template.get("resource", {}).get("manifest") for template in workflow_spec(manifest).get("templates", [])}
    return [(name, yaml.safe_load(_EXPRESSION.sub("1", text))) for name, text in texts.items() if text]


def pods(manifest: Object) -> Iterator[Pod]:
    """Every pod that a run may start."""
    spec, metadata = workflow_spec(manifest), manifest["metadata"]
    for template in spec.get("templates", []):
        main = template.get("script") or template.get("container")
        if main is not None:
            yield pod(metadata, spec, template, main)
    for made_by, item in created(manifest):
        for index, inner in enumerate(pod_templates(item)):
            name = {"name": f"{made_by}-{index}", "namespace": metadata["namespace"]}
            yield {"apiVersion": "v1", "kind": "Pod", "metadata": {**inner["metadata"], **name}, "spec": inner["spec"]}


def pod_templates(value: Any) -> Iterator[Any]:
    """Every pod template anywhere in an object."""
    if isinstance(value, Mapping):
        if "containers" in (value.get("spec") or {}):
            yield value
            return
        for item in value.values():
            yield from pod_templates(item)
    elif isinstance(value, list):
        for item in value:
            yield from pod_templates(item)


def pod(metadata: Object, spec: Object, template: Object, main: Object) -> Pod:
    both = [spec.get("podMetadata") or {}, template.get("metadata") or {}]
    labels = {key: value for part in both for key, value in (part.get("labels") or {}).items()}
    annotations = {key: value for part in both for key, value in (part.get("annotations") or {}).items()}
    settings = {key: template.get(key, spec.get(key)) for key in _EITHER if template.get(key, spec.get(key)) is not None}
    claimed = [
        {"name": item["metadata"]["name"], "persistentVolumeClaim": {"claimName": item["metadata"]["name"]}}
        for item in spec.get("volumeClaimTemplates", [])
    ]
    side = [{key: value for key, value in item.items() if key not in _OF_ARGO} for item in template.get("sidecars", [])]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{metadata['name']}-{template['name']}"[:63].rstrip("-"),
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": annotations,
        },
        "spec": {
            **settings,
            "restartPolicy": "Never",
            "nodeSelector": {**(spec.get("nodeSelector") or {}), **(template.get("nodeSelector") or {})},
            "volumes": [*claimed, *spec.get("volumes", []), *template.get("volumes", [])],
            "containers": [{**{key: value for key, value in main.items() if key not in _OF_ARGO}, "name": "main"}, *side],
        },
    }
