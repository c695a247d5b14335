"""How the pod of a step looks: image, machine, security, retries, secrets. Put onto the templates Hera wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlctl.config.cluster import NodePool
from workflows.needs import MEMOISED, NEEDS, SMALL, Need
from workflows.place import Place
from workflows.steps.told import SCRATCH

GPU = "nvidia.com/gpu"
ONE_AT_A_TIME = ("register", "promote", "roll-back")
"""Steps that move the model's aliases in the registry."""

PRIORITY = {"train": "training", "train-on-gpu": "training", "train-on-ray": "training"}

_CONFINED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
}
NOT_ROOT = {"runAsNonRoot": True, "runAsUser": 8737, "runAsGroup": 8737, "fsGroup": 8737, "seccompProfile": {"type": "RuntimeDefault"}}

# A lost node (spot) shows as Error, or as the end by a signal: 137, 143. But 137 is also what a step ends with that took more memory than
# it may: that, and all else, is the step's own failure, which a second attempt only repeats. 3 is ours: a service outside failed.
RETRY_IF = (
    "lastRetry.status == 'Error' || asInt(lastRetry.exitCode) == 3 || "
    "(asInt(lastRetry.exitCode) in [137, 143] && !(lastRetry.message contains 'OOMKilled'))"
)

_SECRETS: Mapping[str, tuple[tuple[str, str, str, bool], ...]] = {
    "alert": (("ALERT_WEBHOOK", "alerts", "webhook", True),),
    "notify": (("ALERT_WEBHOOK", "alerts", "webhook", True),),
    "monitor": (("DECISION_KEY", "decision", "key", True),),
    "score-batch": (("DECISION_KEY", "decision", "key", False),),
    "request-promotion": (("GITHUB_TOKEN", "github", "token", False),),
}
"""Template → (variable, secret, key, whether it may be missing)."""


def dress(template: dict[str, Any], place: Place) -> None:
    """Complete one script template in place."""
    name = template["name"]
    need = NEEDS.get(name, SMALL)
    gpu = name == "train-on-gpu"
    pool = place.gpu_pool if gpu else place.pool("cpu")
    script = template["script"]
    script["image"] = place.image
    script["imagePullPolicy"] = "IfNotPresent"
    script["resources"] = _resources(need, gpu=gpu)
    script["securityContext"] = _CONFINED
    script["volumeMounts"] = [{"name": "scratch", "mountPath": SCRATCH}, *script.get("volumeMounts", [])]
    script["env"] = [*script.get("env", []), {"name": "TMPDIR", "value": SCRATCH}, *_secrets(name)]
    template["volumes"] = [{"name": "scratch", "emptyDir": {"sizeLimit": need.disk}}]
    template["activeDeadlineSeconds"] = need.minutes * 60
    template["retryStrategy"] = _retry(need)
    template["priorityClassName"] = PRIORITY.get(name, "batch")
    if pool is not None:
        template.update(scheduling(pool))
    if gpu and place.environment.platform.kueue:
        template["metadata"] = {"labels": {"kueue.x-k8s.io/queue-name": "default"}}
    if name in ONE_AT_A_TIME:
        template["synchronization"] = {"mutexes": [{"name": f"{place.name}-registry"}]}
    if name in MEMOISED:
        template["memoize"] = memoised(name, place)


def memoised(name: str, place: Place) -> dict[str, Any]:
    """`memoize` of a template that MEMOISED names.

    Argo keeps an entry per `key` and never reads the ConfigMap's own, but the CRD demands it.
    """
    cache = {"configMap": {"name": f"memo-{place.name}", "key": "entries"}}
    return {"key": f"{{{{inputs.parameters.{MEMOISED[name]}}}}}", "maxAge": "168h", "cache": cache}


def _resources(need: Need, *, gpu: bool) -> dict[str, Any]:
    more = {GPU: "1"} if gpu else {}
    return {
        "requests": {"cpu": need.cpu, "memory": need.memory, **more},
        "limits": {"cpu": need.cpu, "memory": need.memory, **more},
    }


def _retry(need: Need) -> dict[str, Any]:
    return {
        "limit": str(need.retries),
        "retryPolicy": "Always",
        "expression": RETRY_IF,
        "backoff": {"duration": "30s", "factor": 2, "cap": "10m"},
    }


def scheduling(pool: NodePool) -> dict[str, Any]:
    """Choose the pool, and with it spot or on-demand, and tolerate what keeps others off it."""
    tolerated = [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}] if pool.kind == "gpu" else []
    tolerated += [{"key": taint.key, "operator": "Equal", "value": taint.value, "effect": taint.effect} for taint in pool.taints]
    found: dict[str, Any] = {"nodeSelector": {"karpenter.sh/capacity-type": pool.capacity, "node-pool": pool.name}}
    return {**found, "tolerations": tolerated} if tolerated else found


def _secrets(name: str) -> list[dict[str, Any]]:
    return [
        {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key, **({"optional": True} if optional else {})}}}
        for variable, secret, key, optional in _SECRETS.get(name, ())
    ]
