"""Pods for the admission policies to judge: one that keeps to everything, and ways to break it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

Object = Mapping[str, Any]
Pod = dict[str, Any]
Make = Callable[[Object], Pod]

DIGEST = "sha256:" + "0123456789abcdef" * 4
FIXED = f"docker.io/library/python@{DIGEST}"
GPU = "nvidia.com/gpu"
SERVED = "serving.kserve.io/inferenceservice"
SPLIT = "serving.kserve.io/inferencegraph"


def pod(namespace: Object, **container: Any) -> Pod:
    """A pod that keeps to everything in a team's namespace, with some fields of its container changed."""
    own = namespace["metadata"]
    secure = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
    main = {"name": "main", "image": FIXED, "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}, "securityContext": secure, **container}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "sample",
            "namespace": own["name"],
            "labels": {"team": own["labels"]["team"], "cost-centre": own["labels"]["cost-centre"]},
        },
        "spec": {
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [main],
        },
    }


def tolerating(given: Pod) -> Pod:
    given["spec"]["tolerations"] = [{"key": GPU, "operator": "Exists"}]
    return given


def with_init(given: Pod, image: str) -> Pod:
    given["spec"]["initContainers"] = [{**deepcopy(given["spec"]["containers"][0]), "name": "init", "image": image}]
    return given


def without_labels(given: Pod) -> Pod:
    del given["metadata"]["labels"]
    return given


def labelled(given: Pod, key: str, value: str) -> Pod:
    given["metadata"]["labels"][key] = value
    return given


REFUSED_BY: dict[str, Make] = {
    "pod-owner": lambda own: without_labels(pod(own)),
    "pod-image": lambda own: pod(own, image="python"),
    "pod-gpu-limit": lambda own: tolerating(pod(own)),
    "pod-serving": lambda own: labelled(pod(own), SERVED, "churn"),
}
"""For each admission policy a pod that it refuses, and no other policy, from one of the team's people."""
