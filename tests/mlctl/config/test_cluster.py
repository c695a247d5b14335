"""What does not fit together under `cluster` is refused when it is read."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from mlctl.config.cluster import Cluster

POOL = {
    "name": "cpu",
    "kind": "cpu",
    "team": "lending",
    "purpose": "batch",
    "capacity": "spot",
    "instance_families": ["m6i"],
    "limits": {"cpu": 8, "memory_gib": 32},
}


def cluster(**entry: object) -> Cluster:
    return Cluster.model_validate({"version": "1.35", "node_pools": [POOL], **entry})


def test_kube_proxy_follows_kubernetes() -> None:
    assert cluster(addon_versions={"kube-proxy": "v1.35.3-eksbuild.18"}).addon_versions == {"kube-proxy": "v1.35.3-eksbuild.18"}
    problem = "addon_versions.kube-proxy is v1.34.1-eksbuild.2 and version is 1.35; EKS wants the same minor version"
    with pytest.raises(ValidationError, match=re.escape(problem)):
        cluster(addon_versions={"kube-proxy": "v1.34.1-eksbuild.2"})


@pytest.mark.parametrize("wrong", [{"cilium": "v1.0.0-eksbuild.1"}, {"coredns": "latest"}])
def test_only_known_add_ons_at_whole_versions(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        cluster(addon_versions=wrong)
