"""Node pools: expectation and ceiling, computed by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mlctl.config.usage import PoolUsage, Usage
from mlctl.cost.component import Priced
from mlctl.cost.karpenter import is_arm
from mlctl.cost.price import PriceBook

POOL = "kubernetes:karpenter.sh/v1:NodePool"
CLASS = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"


def _pool(name: str, families: list[str], sizes: list[str], limits: dict[str, str], capacity: str = "on-demand") -> dict[str, Any]:
    requirements = [
        {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
        {"key": "karpenter.sh/capacity-type", "operator": "In", "values": [capacity]},
        {"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": families},
        {"key": "karpenter.k8s.aws/instance-size", "operator": "In", "values": sizes},
    ]
    node = {"spec": {"requirements": requirements, "nodeClassRef": {"name": name}}}
    return {"metadata": {"name": name}, "spec": {"template": node, "limits": limits}}


def _usage(name: str, kind: str, nodes: str, hours: str, **more: Any) -> Usage:
    return Usage(node_pools={name: PoolUsage(average_nodes=Decimal(nodes), hours=Decimal(hours), instance_type=kind)}, **more)


def test_expected_is_nodes_times_hours_times_price(resource: Any, cost_of: Any) -> None:
    pool = resource(POOL, "p", _pool("cpu", ["m6i"], ["xlarge"], {"cpu": "64", "memory": "256Gi"}))
    cost = cost_of(pool, usage=_usage("cpu", "m6i.xlarge", "3", "500"))
    assert cost.expected_usd == 3 * 500 * Decimal("0.192")
    assert cost.status is Priced.PRICED


def test_the_disk_of_the_node_class_and_its_monitoring_count_per_node(resource: Any, cost_of: Any) -> None:
    node_class = {
        "metadata": {"name": "cpu"},
        "spec": {"blockDeviceMappings": [{"ebs": {"volumeType": "gp3", "volumeSize": "100Gi"}}], "detailedMonitoring": True},
    }
    pool = resource(POOL, "p", _pool("cpu", ["m6i"], ["xlarge"], {"cpu": "64"}))
    cost = cost_of(pool, resource(CLASS, "c", node_class), usage=_usage("cpu", "m6i.xlarge", "2", "365"))
    nodes = 2 * 365 * Decimal("0.192")
    disks = 100 * Decimal("0.08") * 2 * 365 / 730
    metrics = 7 * Decimal("0.30") * 2 * 365 / 730
    assert cost.expected_usd == nodes + disks + metrics
    # 64 cores at 0.048 USD; at most 16 nodes of four cores, each with a disk of 8.00 and metrics of 2.10 USD
    assert cost.ceiling_usd == 64 * Decimal("0.048") * 730 + 16 * (Decimal("8.00") + Decimal("2.10"))


def test_the_tightest_limit_is_the_ceiling(resource: Any, cost_of: Any) -> None:
    """Four GPUs of the dearest kind cost less than 96 cores of it would."""
    limits = {"cpu": "96", "memory": "384Gi", "nvidia.com/gpu": "4"}
    pool = resource(POOL, "p", _pool("gpu", ["g5"], ["xlarge", "2xlarge", "12xlarge"], limits))
    cost = cost_of(pool, usage=_usage("gpu", "g5.2xlarge", "1", "120"))
    assert cost.ceiling_usd == 4 * (Decimal("5.672") / 4) * 730
    assert cost.quotation.ceiling_note == "limit 4 GPUs × 1.418000 USD per GPU and hour (g5.12xlarge) × 730 h"
    assert cost.quotation.gpu_usd == 120 * Decimal("1.212")


def test_spot_has_its_repeated_hours_and_an_on_demand_ceiling(resource: Any, cost_of: Any, prices: PriceBook) -> None:
    kind = prices.instance("m6i.xlarge", "us-east-1")
    assert kind is not None and kind.spot.usd is not None
    pool = resource(POOL, "p", _pool("spot", ["m6i"], ["xlarge"], {"cpu": "8"}, "spot"))
    cost = cost_of(pool, usage=_usage("spot", "m6i.xlarge", "1", "100", spot_interruption_percent=10))
    assert cost.expected_usd == 100 * kind.spot.usd * Decimal("1.1")
    assert cost.ceiling_usd == 8 * Decimal("0.048") * 730


def test_a_pool_without_limits_has_no_ceiling_and_says_so(resource: Any, cost_of: Any) -> None:
    cost = cost_of(resource(POOL, "p", _pool("cpu", ["m6i"], ["xlarge"], {})), usage=_usage("cpu", "m6i.xlarge", "1", "730"))
    assert cost.status is Priced.PARTIAL
    assert cost.reason == "pool cpu has no limit that bounds its cost; set limits"


def test_a_pool_without_stated_usage_takes_the_defaults_on_its_cheapest_type(resource: Any, cost_of: Any) -> None:
    defaults = {POOL: {"average_nodes": (Decimal(1),) * 3, "hours": (Decimal(100),) * 3}}
    cost = cost_of(resource(POOL, "p", _pool("cpu", ["m6i", "c6i"], ["large", "xlarge"], {"cpu": "8"})), defaults=defaults)
    assert cost.components[0].name == "Nodes (on-demand, c6i.large)"
    assert cost.expected_usd == 100 * Decimal("0.085")


def test_a_pool_of_unpriced_types_is_unpriced(resource: Any, cost_of: Any) -> None:
    cost = cost_of(resource(POOL, "p", _pool("gpu", ["p9"], ["48xlarge"], {"cpu": "8"})))
    assert cost.status is Priced.UNPRICED


@pytest.mark.parametrize(
    ("name", "arm"),
    [("m6g.large", True), ("c7g.xlarge", True), ("g5.xlarge", False), ("g4dn.xlarge", False), ("m6i.large", False)],
)
def test_graviton_is_told_from_gpu(prices: PriceBook, name: str, arm: bool) -> None:
    kind = next((kind for (_, one), kind in prices.instance_types.items() if one == name), None)
    assert kind is None or is_arm(kind) is arm
