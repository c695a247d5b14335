"""Who pays for a pool that is not named."""

from __future__ import annotations

import pytest

from mlctl.config.environment import Environment
from mlctl.finops.attribution import Attribution


def test_an_unnamed_pool_has_an_owner_only_where_there_is_one_for_the_kind(prod: Environment) -> None:
    assert Attribution(prod).pool_owner(None, gpu=True) == "lending"
    second = prod.cluster.pool("gpu-training").model_copy(update={"name": "gpu-serving", "team": "retention"})
    cluster = prod.cluster.model_copy(update={"node_pools": (*prod.cluster.node_pools, second)})
    two = Attribution(prod.model_copy(update={"cluster": cluster}))
    assert two.pool_owner(None, gpu=True) is None
    assert two.pool_owner("gpu-serving", gpu=True) == "retention"
    assert two.pool_owner(None, gpu=False) == "ml-platform"
    assert two.pool_owner("gone", gpu=True) is None


def test_nodes_are_known_by_pool_or_by_what_eks_writes(prod: Environment) -> None:
    attribution = Attribution(prod)
    assert attribution.is_node({"node-pool": "cpu-batch"})
    assert attribution.is_node({"aws:eks:cluster-name": "acme-prod"})
    assert not attribution.is_node({"team": "lending", "node-pool": " "})


@pytest.mark.parametrize(
    ("text", "gpu"),
    [
        ("BoxUsage:g5.xlarge", True),
        ("EU-Host:ml.g4dn.2xlarge", True),
        ('{"InstanceType": "p5.48xlarge"}', True),
        ("g6f.large", True),
        ("BoxUsage:m6g.large", False),  # Graviton, as the next ones
        ("c6gn.16xlarge", False),
        ("im4gn.16xlarge", False),
        ("EBS:VolumeUsage.gp3", False),
        ("", False),
    ],
)
def test_gpu_instances_are_told_by_their_type(prod: Environment, text: str, gpu: bool) -> None:
    assert Attribution(prod).is_gpu(None, text) is gpu


def test_gpu_instances_are_told_by_their_pool(prod: Environment) -> None:
    assert [Attribution(prod).is_gpu(pool) for pool in ("gpu-training", "serving", None)] == [True, False, False]
