"""The shipped environments with models pinned: nothing is unpriced unknowingly, and the parts are what a hand computes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from mlctl.config import load_environment
from mlctl.config.environment import Environment
from mlctl.cost.component import Priced
from mlctl.cost.estimate import Estimate, estimate
from mlctl.cost.guardrails import guardrails
from mlctl.cost.price_file import load_prices
from mlctl.cost.unit_cost import unit_costs
from mlctl.plan.model import Plan

ROOT = Path(__file__).parents[3]
PINNED = {"models.credit-risk.version": 3, "models.churn.version": 2}


def _pin(environment: Environment) -> Environment:
    models = {name: model.model_copy(update={"version": PINNED[f"models.{name}.version"]}) for name, model in environment.models.items()}
    return environment.model_copy(update={"models": models})


def _estimate(name: str, plan: Plan) -> Estimate:
    environment = _pin(load_environment(ROOT / "environments" / f"{name}.yaml"))
    return estimate(plan, environment, load_prices(), today=date(2026, 11, 20))


@pytest.fixture(scope="module")
def prod(plan_variant: Callable[..., Plan]) -> Estimate:
    return _estimate("prod", plan_variant(PINNED, base="prod"))


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_everything_has_a_price(plan_variant: Callable[..., Plan], name: str) -> None:
    found = _estimate(name, plan_variant(PINNED, base=name))
    assert found.failed_stacks == ()
    unknown = [(one.address, one.type, one.reason) for one in found.resources if one.status in (Priced.UNPRICED, Priced.PARTIAL)]
    assert unknown == []


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_no_guardrail_blocks_as_shipped(plan_variant: Callable[..., Plan], name: str) -> None:
    found = _estimate(name, plan_variant(PINNED, base=name))
    assert [one.message for one in guardrails(found, None, found.environment) if one.blocks] == []


def _of_type(found: Estimate, token: str) -> Decimal:
    return sum((one.expected_usd for one in found.of_type(token)), Decimal(0))


def test_the_parts_of_production_by_hand(prod: Estimate) -> None:
    nat = 3 * (730 * Decimal("0.045") + 200 * Decimal("0.045"))
    assert _of_type(prod, "aws:ec2/natGateway:NatGateway") == nat
    endpoints = 5 * (3 * 730 * Decimal("0.01") + 100 * Decimal("0.01"))
    assert _of_type(prod, "aws:ec2/vpcEndpoint:VpcEndpoint") == endpoints
    database = 730 * 2 * Decimal("0.159") + 100 * Decimal("0.23") + 50 * Decimal("0.095")
    assert _of_type(prod, "aws:rds/instance:Instance") == database
    system_nodes = 3 * (730 * Decimal("0.096") + 7 * Decimal("0.30") + 50 * Decimal("0.08"))
    assert _of_type(prod, "aws:eks/nodeGroup:NodeGroup") == system_nodes
    assert _of_type(prod, "aws:eks/cluster:Cluster") == Decimal("73.00")
    per_node_month = 100 * Decimal("0.08") + 7 * Decimal("0.30")
    serving = 3 * 730 * Decimal("0.192") + 3 * per_node_month
    gpu = 120 * Decimal("1.212") + Decimal(120) / 730 * per_node_month
    pools = {one.name: one.expected_usd for one in prod.of_type("kubernetes:karpenter.sh/v1:NodePool")}
    assert pools["cpu-serving-pool"] == serving
    assert abs(pools["gpu-training-pool"] - gpu) < Decimal("0.000001")


def test_the_cost_of_a_thousand_predictions_by_hand(prod: Estimate) -> None:
    by_model = {one.model: one for one in unit_costs(prod)}
    endpoint = 2 * 730 * Decimal("0.115") + Decimal(6_000_000 * 4) / 1_000_000 * Decimal("0.016")
    credit = by_model["credit-risk"]
    assert credit.serving_usd == endpoint
    assert credit.training_usd == 8 * Decimal("0.1613")
    assert credit.usd_per_thousand == (endpoint + 8 * Decimal("0.1613")) / 6000
    warm = 730 * 3600 * Decimal("0.0000233")
    busy = Decimal(400_000 * 40) / 1000 * Decimal("0.00001")
    data = Decimal(400_000 * 4) / 1_000_000 * Decimal("0.016")
    serving = by_model["churn"].serving_usd
    assert serving is not None
    assert abs(serving - (warm + busy + data)) < Decimal("0.000001")


def test_the_teams_pay_for_what_is_theirs(prod: Estimate) -> None:
    owners = {one.name: one.team for one in prod.resources if one.type.endswith(":EndpointConfiguration") or one.type.endswith(":NodePool")}
    assert owners["gpu-training-pool"] == "lending"
    assert owners["cpu-serving-pool"] == "ml-platform"
    assert {"lending", "retention"} <= set(owners.values())
