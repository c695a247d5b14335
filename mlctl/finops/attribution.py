"""Who pays: from labels and tags to a team and a model of the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from mlctl.config.environment import Environment

TEAM_KEYS = ("team", "user:team", "label_team")
MODEL_KEYS = ("model", "user:model", "label_model")
POOL_KEYS = ("node-pool", "node_pool", "user:node-pool", "karpenter.sh/nodepool", "karpenter_sh_nodepool")
CLUSTER_KEYS = ("aws:eks:cluster-name", "eks:cluster-name", "aws:eks:nodegroup-name", "eks:nodegroup-name")
"""Tags that EKS puts on the machines of a managed node group."""
_GPU_TYPE = re.compile(r"\b(?:ml\.)?(?:p\d|g\d|gr\d)\w*\.(?:\w*large|metal)")
"""NVIDIA and AMD GPU instances of EC2 and SageMaker: g5.xlarge, ml.p4d.24xlarge; not m6g.large, which is Graviton."""


class Owner(NamedTuple):
    """Who pays for something."""

    team: str | None
    model: str | None
    label: str
    """The team label where it names no team here."""


class Attribution:
    """Reads labels with one environment's teams, models and pools in mind."""

    def __init__(self, environment: Environment) -> None:
        self._teams = frozenset(team.name for team in environment.teams)
        self._models = {name: model.team for name, model in environment.models.items()}
        self._pools = {pool.name: pool.team for pool in environment.cluster.node_pools}
        self._gpu_pools = frozenset(pool.name for pool in environment.cluster.node_pools if pool.kind == "gpu")
        self._owners = {gpu: {pool.team for pool in environment.cluster.node_pools if (pool.kind == "gpu") == gpu} for gpu in (True, False)}

    def owner(self, *labels: Mapping[str, str], namespace: str = "") -> Owner:
        """The owner by the first team label found, else by the model's, else by a namespace that is named like a team."""
        given = _first(TEAM_KEYS, labels)
        model = _first(MODEL_KEYS, labels)
        if given:
            return Owner(given, model, "") if given in self._teams else Owner(None, model, given)
        if model in self._models:
            return Owner(self._models[model], model, "")
        return Owner(namespace if namespace in self._teams else None, model, "")

    def pool(self, labels: Mapping[str, str]) -> str | None:
        """The node pool that labels name."""
        return _first(POOL_KEYS, (labels,))

    def is_node(self, tags: Mapping[str, str]) -> bool:
        """Whether a row of the bill is for the cluster's nodes or their disks."""
        return bool(self.pool(tags)) or any(tags.get(key) for key in CLUSTER_KEYS)

    def is_gpu(self, pool: str | None, *texts: str) -> bool:
        """Whether a row of the bill is for GPU instances: its pool is one of GPUs, or a text (usage type, price) names such a type."""
        return pool in self._gpu_pools or any(_GPU_TYPE.search(text) for text in texts)

    def pool_owner(self, pool: str | None, *, gpu: bool) -> str | None:
        """Who answers for a pool; for an unnamed one the team that owns all pools of its kind, if there is one such team."""
        if pool in self._pools:
            return self._pools[pool]
        owners = self._owners[gpu]
        return next(iter(owners)) if pool is None and len(owners) == 1 else None


def _first(keys: tuple[str, ...], labels: tuple[Mapping[str, str], ...]) -> str | None:
    for mapping in labels:
        for key in keys:
            value = mapping.get(key)
            if isinstance(value, str) and value.strip():
                return value.strip()
    return None
