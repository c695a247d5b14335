"""The pods that Argo makes of a workflow's templates: metadata, volumes and settings of the workflow and the template put together.

The mapping follows https://argo-workflows.readthedocs.io/en/latest/fields/. Argo's own containers (`init`, `wait`) come from the values of
its chart and are not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Object = Mapping[str, Any]
Pod = dict[str, Any]

_EITHER = ("affinity", "priorityClassName", "schedulerName", "securityContext", "serviceAccountName", "tolerations")
"""Settings that a template has from the workflow unless it has its own."""
_OF_ARGO = {"source", "mirrorVolumeMounts"}
"""Fields of a container that Argo takes out."""


def workflow_spec(manifest: Object) -> Object:
    """The spec with the templates, of a workflow, a template, or a cron workflow that has its own."""
    spec: Object = manifest["spec"]
    inner: Object = spec.get("workflowSpec", spec)
    return inner


def pods(manifest: Object) -> Iterator[Pod]:
    """One pod for each template that runs one."""
    spec = workflow_spec(manifest)
    for template in spec.get("templates", []):
        main = template.get("script") or template.get("container")
        if main is not None:
            yield pod(manifest["metadata"], spec, template, main)


def pod(metadata: Object, spec: Object, template: Object, main: Object) -> Pod:
    both = [spec.get("podMetadata") or {}, template.get("metadata") or {}]
    labels = {key: value for part in both for key, value in (part.get("labels") or {}).items()}
    annotations = {key: value for part in both for key, value in (part.get("annotations") or {}).items()}
    settings = {key: template.get(key, spec.get(key)) for key in _EITHER if template.get(key, spec.get(key)) is not None}
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
            "volumes": [*spec.get("volumes", []), *template.get("volumes", [])],
            "containers": [{**{key: value for key, value in main.items() if key not in _OF_ARGO}, "name": "main"}, *side],
        },
    }
