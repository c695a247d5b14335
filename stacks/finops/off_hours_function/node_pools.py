"""Stop and start Karpenter node pools."""

from __future__ import annotations

import json
from typing import Any, Protocol

LIMITS = "ml-platform/limits-before-off-hours"
"""Annotation that remembers a stopped pool's limits."""

_POOLS = "/apis/karpenter.sh/v1/nodepools"
_CLAIMS = "/apis/karpenter.sh/v1/nodeclaims"


class Api(Protocol):
    """What is needed of the Kubernetes API."""

    def get(self, path: str) -> dict[str, Any]: ...
    def patch(self, path: str, change: dict[str, Any]) -> dict[str, Any]: ...
    def delete_all(self, path: str, selector: str) -> None: ...


def stop_pool(api: Api, name: str) -> None:
    """Set the pool's limits to zero, so that it gets no new nodes, and let Karpenter drain and end those it has."""
    limits = api.get(f"{_POOLS}/{name}")["spec"].get("limits", {})
    if any(amount != "0" for amount in limits.values()):
        change = {
            "metadata": {"annotations": {LIMITS: json.dumps(limits, sort_keys=True)}},
            "spec": {"limits": dict.fromkeys(limits, "0")},
        }
        api.patch(f"{_POOLS}/{name}", change)
    api.delete_all(_CLAIMS, f"karpenter.sh/nodepool={name}")


def start_pool(api: Api, name: str) -> None:
    """Give a stopped pool its limits back. A pool that a deployment has given new limits meanwhile keeps those."""
    pool = api.get(f"{_POOLS}/{name}")
    remembered = pool["metadata"].get("annotations", {}).get(LIMITS)
    if remembered is None:
        return
    change: dict[str, Any] = {"metadata": {"annotations": {LIMITS: None}}}
    if all(amount == "0" for amount in pool["spec"].get("limits", {}).values()):
        change["spec"] = {"limits": json.loads(remembered)}
    api.patch(f"{_POOLS}/{name}", change)
