"""What is not known yet is unpriced with its reason, and never zero."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mlctl.cost.component import Priced
from mlctl.plan.model import UNKNOWN
from mlctl.plan.placeholder import placeholder

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"


def test_an_unknown_count_leaves_the_machines_unpriced(resource: Any, cost_of: Any) -> None:
    cost = cost_of(
        resource(NODE_GROUP, "nodes", {"instanceTypes": ["m5.large"], "scalingConfig": {"desiredSize": UNKNOWN}, "diskSize": 20})
    )
    assert cost.status is Priced.UNPRICED
    assert cost.expected_usd == 0
    assert cost.reason == "scalingConfig.desiredSize is known only after the update"
    assert [one.monthly_usd for one in cost.components] == [None, None]


def test_an_unknown_instance_type_leaves_the_known_disk_priced(resource: Any, cost_of: Any) -> None:
    token = placeholder("aws:ec2/instanceType:X", "x", "name")
    cost = cost_of(resource("aws:ec2/instance:Instance", "one", {"instanceType": token, "rootBlockDevice": {"volumeSize": 10}}))
    assert cost.status is Priced.PARTIAL
    assert cost.expected_usd == Decimal("1.00")
    assert cost.reason == "instanceType is known only after the update"


def test_an_unknown_size_of_a_volume(resource: Any, cost_of: Any) -> None:
    cost = cost_of(resource("aws:ebs/volume:Volume", "disk", {"size": UNKNOWN, "type": "gp3"}))
    assert (cost.status, cost.expected_usd) == (Priced.UNPRICED, 0)
    assert cost.reason == "size is known only after the update"


def test_a_type_that_nobody_prices_makes_the_total_at_least(resource: Any, estimate_of: Any) -> None:
    found = estimate_of(resource("aws:qldb/ledger:Ledger", "book", {}), resource("aws:ec2/eip:Eip", "address", {}))
    assert found.at_least
    assert [one.status for one in found.resources[:2]] == [Priced.UNPRICED, Priced.PRICED]
    assert found.resources[0].reason == "no pricing for aws:qldb/ledger:Ledger"


def test_a_region_without_prices_is_unpriced(resource: Any, cost_of: Any) -> None:
    cost = cost_of(resource("aws:ec2/natGateway:NatGateway", "nat", {}), region="sa-east-1", stated={"monthly_data_processed_gb": 1})
    assert cost.status is Priced.UNPRICED
    assert "no price of VPC › NAT gateway in sa-east-1" in str(cost.reason)


def test_a_resource_may_name_its_own_region(resource: Any, cost_of: Any) -> None:
    cost = cost_of(resource("aws:ec2/natGateway:NatGateway", "nat", {"region": "eu-west-1"}), stated={"monthly_data_processed_gb": 10})
    assert cost.expected_usd == Decimal("730") * Decimal("0.048") + 10 * Decimal("0.048")


def test_usage_that_nobody_states_is_told(resource: Any, cost_of: Any) -> None:
    cost = cost_of(resource("aws:ec2/natGateway:NatGateway", "nat", {}))
    assert cost.status is Priced.PARTIAL
    assert cost.expected_usd == Decimal("32.85")
    assert cost.reason == "usage monthly_data_processed_gb is not stated"
