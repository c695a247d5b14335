"""The Ray cluster of one RayJob: a head, workers, workers with a GPU where the team may use one, and the pod that submits the job."""

from __future__ import annotations

from typing import Any

from mlctl.config.cluster import NodePool
from workflows.needs import NEEDS
from workflows.place import SERVICE_ACCOUNT, Place
from workflows.pod import GPU, NOT_ROOT, scheduling
from workflows.steps.told import SCRATCH

RAY = "2.60.0"
"""The version in the image; KubeRay must be told."""
WITHOUT_RIGHTS = "default"
"""The namespace's own account, which has no role in AWS and no Role in Kubernetes: of the Ray pods only the head, where the driver runs,
reads features and writes the bundle, as the team's workflows may."""
PYTHON = "/venv/bin/python"
"""The image's own: KubeRay starts login shells, and those forget the image's PATH."""

Spec = dict[str, Any]

_CONFINED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
"""Ray needs to write beside its code, so the file system is not read-only; the rest is as in every pod."""
_HEALTH = "import urllib.request as r; assert b'success' in r.urlopen('http://localhost:52365/api/local_raylet_healthz', timeout=4).read()"
"""KubeRay would ask with wget, which the image does not have."""


def cluster_spec(place: Place, *, workers: str, gpu_workers: str, environment: dict[str, str]) -> Spec:
    """`rayClusterSpec`; the driver runs on the head, with the variables of `environment`."""
    train, gpu = NEEDS["train"], NEEDS["train-on-gpu"]
    cpu_pool, gpu_pool = place.pool("cpu"), place.gpu_pool
    head = ray_pod(place, "ray-head", {"cpu": "1", "memory": "4Gi"}, cpu_pool, environment)
    head["spec"]["serviceAccountName"] = SERVICE_ACCOUNT
    worker = ray_pod(place, "ray-worker", {"cpu": train.cpu, "memory": train.memory}, cpu_pool, {})
    groups = [_group("workers", workers, 1, worker)]
    if gpu_pool is not None:
        amount = {"cpu": gpu.cpu, "memory": gpu.memory, GPU: "1"}
        groups.append(_group("gpu-workers", gpu_workers, 0, ray_pod(place, "ray-worker", amount, gpu_pool, {})))
    return {
        "rayVersion": RAY,
        "headGroupSpec": {"rayStartParams": {"num-cpus": "0", "dashboard-host": "0.0.0.0"}, "template": head},  # noqa: S104 - a pod's own address
        "workerGroupSpecs": groups,
    }


def submitter(place: Place) -> Spec:
    """The pod KubeRay submits the job with, and whose log is the job's."""
    made = ray_pod(place, "ray-job-submitter", {"cpu": "250m", "memory": "512Mi"}, place.pool("cpu"), {})
    made["spec"]["restartPolicy"] = "Never"
    for probe in ("livenessProbe", "readinessProbe"):
        del made["spec"]["containers"][0][probe]
    return made


def _group(name: str, replicas: str, least: int, template: Spec) -> Spec:
    return {
        "groupName": name,
        "replicas": replicas,
        "minReplicas": least,
        "maxReplicas": 16,
        "rayStartParams": {},
        "template": template,
    }


def ray_pod(place: Place, container: str, amount: dict[str, str], pool: NodePool | None, environment: dict[str, str]) -> Spec:
    """A pod template: the team pays for it, and it has no say in Kubernetes or AWS."""
    probe = {"exec": {"command": [PYTHON, "-c", _HEALTH]}, "periodSeconds": 10, "timeoutSeconds": 6, "failureThreshold": 12}
    body = {
        "name": container,
        "image": place.image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": name, "value": value} for name, value in {**environment, "TMPDIR": SCRATCH}.items()],
        "resources": {"requests": amount, "limits": amount},
        "securityContext": _CONFINED,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "scratch", "mountPath": SCRATCH}],  # noqa: S108
        "livenessProbe": {**probe, "initialDelaySeconds": 60},
        "readinessProbe": {**probe, "initialDelaySeconds": 10},
    }
    spec: Spec = {
        "containers": [body],
        "serviceAccountName": WITHOUT_RIGHTS,
        "automountServiceAccountToken": False,
        "securityContext": NOT_ROOT,
        "volumes": [{"name": name, "emptyDir": {"sizeLimit": NEEDS["train"].disk}} for name in ("tmp", "scratch")],
        "priorityClassName": "training",
        **(scheduling(pool) if pool is not None else {}),
    }
    return {"metadata": {"labels": place.labels}, "spec": spec}
