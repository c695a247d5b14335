"""The pods of Kubernetes workloads: where each kind keeps them, and what a good one looks like."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_policy import ResourceValidationArgs

from policies.property import items, value_at

_TEMPLATES = {
    "kubernetes:apps/v1:Deployment": "spec.template.spec",
    "kubernetes:apps/v1:StatefulSet": "spec.template.spec",
    "kubernetes:apps/v1:DaemonSet": "spec.template.spec",
    "kubernetes:batch/v1:Job": "spec.template.spec",
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template.spec",
    "kubernetes:core/v1:Pod": "spec",
}
WORKLOADS = tuple(_TEMPLATES)
IMAGE_KINDS = ("kubernetes:serving.kserve.io/v1beta1:InferenceService",)
"""Custom resources whose pods a controller makes."""


def pod(args: ResourceValidationArgs) -> Mapping[str, Any] | None:
    """The pod specification of a workload."""
    found: Mapping[str, Any] | None = value_at(args.props, _TEMPLATES.get(args.resource_type, "spec.predictor"))
    return found


def containers(args: ResourceValidationArgs, *, initial: bool = True) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, container) of each container; with `initial`, those that run first too."""
    spec = pod(args) or {}
    for key in ("containers", "initContainers") if initial else ("containers",):
        for container in items(spec.get(key)):
            yield str(container.get("name")), container


def images(args: ResourceValidationArgs) -> Iterator[tuple[str, str]]:
    """(container name, image) of each container that names an image."""
    spec = pod(args) or {}
    for name, container in containers(args):
        if "image" in container:
            yield name, str(container["image"])
    if "model" in spec and "image" in spec["model"]:
        yield "model", str(spec["model"]["image"])


Sample = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PodSample:
    """A Deployment that passes every rule, and ways to spoil it."""

    allowed: Mapping[str, Any]

    def with_context(self, **context: Any) -> Sample:
        """Its container's security context changed."""
        sample, container = self._copy()
        container["securityContext"].update(context)
        return sample

    def with_container(self, **fields: Any) -> Sample:
        """Its container changed."""
        sample, container = self._copy()
        container.update(fields)
        return sample

    def with_pod(self, **fields: Any) -> Sample:
        """Its pod changed."""
        sample, _ = self._copy()
        sample["spec"]["template"]["spec"].update(fields)
        return sample

    def without(self, field: str) -> Sample:
        """Its container without a field."""
        sample, container = self._copy()
        del container[field]
        return sample

    def _copy(self) -> tuple[Sample, dict[str, Any]]:
        sample: Sample = copy.deepcopy(dict(self.allowed))
        return sample, sample["spec"]["template"]["spec"]["containers"][0]


CONTAINER = PodSample(
    {
        "spec": {
            "replicas": 2,
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "router",
                            "image": "registry.example/router:1.4.2",
                            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
                            "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                            "securityContext": {
                                "runAsNonRoot": True,
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                        }
                    ]
                }
            },
        }
    }
)
