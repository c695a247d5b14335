"""Train on a Ray cluster of its own: made for the run, and gone with it. Everything else is as in training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from hera.workflows import Resource

from mlctl.config.environment import Environment
from workflows import training
from workflows.manifest import Manifest, add_exit, finished, template
from workflows.needs import NEEDS
from workflows.place import Place, places
from workflows.pod import NOT_ROOT

KIND = "distributed-training"
WORKERS = 4
CLUSTER = "{{workflow.name}}-ray"
COUNT = "{{workflow.parameters.workers}}"
RAY = "2.60.0"
"""The version in the image; KubeRay must be told."""


def build(environment: Environment) -> Iterator[Manifest]:
    """A WorkflowTemplate per model, where the platform has KubeRay."""
    if not environment.platform.kuberay:
        return iter(())
    return (distributed_training(place) for place in places(environment))


def distributed_training(place: Place) -> Manifest:
    """Make a RayCluster, train through it, and delete it however the workflow ends.

    A resource template is the cluster's own; on one machine, `training` with {"engine": "ray"} does the same on a local Ray.
    """
    own = {**training.parameters(place), "training": '{"engine": "ray"}', "workers": str(WORKERS)}
    about = f"Train {place.name} on a Ray cluster"
    with template(place, KIND, about, parameters=own, minutes=720) as workflow:
        training.add_training(place, on_ray=True)
        Resource(name="ray-cluster", action="create", manifest=_text(_cluster(place)), set_owner_reference=True, **_WAIT)
        Resource(name="ray-away", action="delete", flags=["raycluster", CLUSTER, "--ignore-not-found"])
        add_exit(place, before="ray-away")
    return finished(workflow, place)


_WAIT: dict[str, Any] = {"success_condition": "status.state == ready", "failure_condition": "status.state == failed"}


def _text(manifest: Manifest) -> str:
    """The number of workers stands without quotes: Argo fills it in before the text is read, and Kubernetes wants a number."""
    return yaml.safe_dump(manifest, sort_keys=False).replace(f"'{COUNT}'", COUNT)


def _cluster(place: Place) -> Manifest:
    worker = {
        "groupName": "workers",
        "replicas": COUNT,
        "minReplicas": 1,
        "maxReplicas": 16,
        "rayStartParams": {},
        "template": _pod(place, "ray-worker", NEEDS["train"].cpu, NEEDS["train"].memory),
    }
    head = {"rayStartParams": {"num-cpus": "0"}, "template": _pod(place, "ray-head", "1", "4Gi")}
    labels = {**place.labels, **({"kueue.x-k8s.io/queue-name": "default"} if place.environment.platform.kueue else {})}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": CLUSTER, "labels": labels},
        "spec": {"rayVersion": RAY, "headGroupSpec": head, "workerGroupSpecs": [worker]},
    }


def _pod(place: Place, container: str, cpu: str, memory: str) -> Manifest:
    """Ray needs to write beside its code, so the file system is not read-only; the rest is as in every pod."""
    pool = place.pool("cpu")
    amount = {"cpu": cpu, "memory": memory}
    confined = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
    body = {
        "name": container,
        "image": place.image,
        "resources": {"requests": amount, "limits": amount},
        "securityContext": confined,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
    }
    spec: Manifest = {
        "containers": [body],
        "securityContext": NOT_ROOT,
        "automountServiceAccountToken": False,
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "priorityClassName": "training",
    }
    if pool is not None:
        spec["nodeSelector"] = {"karpenter.sh/capacity-type": pool.capacity, "node-pool": pool.name}
    return {"metadata": {"labels": place.labels}, "spec": spec}
