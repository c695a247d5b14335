"""Advice: every saving computed by hand from list prices of us-east-1."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mlctl.config.environment import Environment
from mlctl.config.usage import ModelUsage, PoolUsage, Usage
from mlctl.cost.advice import Advice, Evidence, advice, advice_table, break_even
from mlctl.cost.advice.nodes import on_hours_a_month
from mlctl.cost.price import PriceBook
from mlctl.plan.model import Plan, Resource, StackPlan


@pytest.fixture
def advise(environment: Environment, prices: PriceBook, estimate_of: Any) -> Any:
    """Advice by kind for hand-made resources in a changed environment."""

    def run(*resources: Resource, usage: Usage | None = None, **changes: Any) -> dict[str, list[Advice]]:
        estimate = estimate_of(*resources, usage=usage, **changes)
        plan = Plan(environment="prod", stacks=(StackPlan(name="s", environment="prod", resources=resources),))
        found: dict[str, list[Advice]] = {}
        for line in advice(estimate, plan, prices):
            found.setdefault(line.kind, []).append(line)
        return found

    return run


def _traffic(name: str, requests: str, milliseconds: str) -> Usage:
    return Usage(models={name: ModelUsage(requests=Decimal(requests), milliseconds=Decimal(milliseconds))})


def test_serverless_below_the_break_even(advise: Any, environment: Environment, prices: PriceBook, estimate_of: Any) -> None:
    usage = _traffic("credit-risk", "6000000", "20")
    [line] = advise(usage=usage)["serverless"]
    # 2 × 730 h × 0.115 = 167.90 against 6,000,000 × 0.020 s × 0.00004 = 4.80
    assert line.saving_usd == Decimal("163.10")
    assert line.risk == "high"
    estimate = estimate_of(usage=usage)
    [even] = break_even(Evidence(estimate, Plan(environment="prod", stacks=()), prices))
    assert even.break_even_requests == Decimal("209875000")


@pytest.mark.parametrize(("version", "note"), [(None, "; no version is pinned yet, so today's total has none of it"), (3, "")])
def test_advice_on_a_model_that_serves_nothing_yet_says_so(advise: Any, environment: Environment, version: int | None, note: str) -> None:
    model = environment.models["credit-risk"].model_copy(update={"version": version})
    [line] = advise(usage=_traffic("credit-risk", "6000000", "20"), models={"credit-risk": model})["serverless"]
    assert line.arithmetic == (
        "serverless 6,000,000 requests × 20 ms × 0.00004 USD/s (2 GB) against 2 × ml.m5.large × 730 h × 0.115 USD; "
        f"break-even at 209,875,000 requests a month{note}"
    )


def test_real_time_above_the_break_even(advise: Any, environment: Environment) -> None:
    model = environment.models["churn"]
    assert model.serverless is not None
    cold = model.model_copy(update={"serverless": model.serverless.model_copy(update={"provisioned_concurrency": 0})})
    found = advise(usage=_traffic("churn", "500000000", "20"), models={"churn": cold})
    # 500,000,000 × 0.020 s × 0.00004 = 400.00 against 2 × 730 h × 0.115 = 167.90
    assert [line.saving_usd for line in found["realtime"]] == [Decimal("232.10")]
    assert "serverless" not in found


def test_warm_slots(advise: Any) -> None:
    [line] = advise(usage=_traffic("churn", "400000", "40"))["warm slots"]
    assert line.saving_usd == Decimal(730 * 3600) * Decimal("0.0000233") - 16000 * Decimal("0.00003")


def _pool(name: str, nodes: str, hours: str, kind: str) -> Usage:
    return Usage(node_pools={name: PoolUsage(average_nodes=Decimal(nodes), hours=Decimal(hours), instance_type=kind)})


def test_spot_is_shown_with_a_range(advise: Any, prices: PriceBook) -> None:
    kind = prices.instance("g5.2xlarge", "us-east-1")
    assert kind and kind.spot.usd and kind.on_demand.usd
    [line] = advise(usage=_pool("gpu-training", "1", "120", "g5.2xlarge"))["spot"]
    assert line.saving_usd == 120 * (kind.on_demand.usd - kind.spot.usd * Decimal("1.05"))
    assert "spot is an estimate: between" in line.arithmetic
    assert "spot" not in advise(usage=_pool("cpu-serving", "1", "120", "m6i.xlarge")), "serving stays on demand"


def test_graviton(advise: Any) -> None:
    lines = advise(usage=_pool("cpu-serving", "3", "730", "m6i.xlarge"))["Graviton"]
    savings = {line.target: line.saving_usd for line in lines}
    assert savings["cluster.node_pools.cpu-serving"] == 2190 * (Decimal("0.192") - Decimal("0.1632"))
    assert savings["cluster.system_nodes.instance_types"] == 3 * 730 * (Decimal("0.096") - Decimal("0.0816"))


def test_off_hours_outside_production_only(advise: Any) -> None:
    usage = _pool("cpu-serving", "1", "730", "m6i.xlarge")
    assert "off-hours" not in advise(usage=usage)
    [line] = advise(usage=usage, tier="development")["off-hours"]
    on = Decimal(60) * 730 / 168
    assert abs(line.saving_usd - (730 - on) * Decimal("0.192")) < Decimal("0.000001")


@pytest.mark.parametrize(
    ("schedule", "hours_a_week"),
    [("off=(M-F,19);on=(M-F,7);tz=UTC", 60), ("off=(M-H,18);on=(M-H,8);tz=UTC", 40), ("off=(M,W,12);on=(M,W,10);tz=UTC", 4)],
)
def test_on_hours(schedule: str, hours_a_week: int) -> None:
    found = on_hours_a_month(schedule)
    assert found is not None
    assert abs(found - Decimal(hours_a_week) * 730 / 168) < Decimal("0.0001")


def test_a_schedule_across_midnight_is_not_guessed() -> None:
    assert on_hours_a_month("off=(M-F,7);on=(M-F,19);tz=UTC") is None


def test_off_peak_training_only_without_a_window(advise: Any, environment: Environment, prices: PriceBook) -> None:
    pools = {
        "cpu-serving": PoolUsage(average_nodes=Decimal(1), instance_type="m6i.xlarge"),
        "cpu-batch": PoolUsage(average_nodes=Decimal(1), instance_type="m6i.2xlarge"),
    }
    usage = Usage(node_pools=pools, models={"churn": ModelUsage(requests=Decimal(1), training_hours=Decimal(10))})
    assert "off-peak training" not in advise(usage=usage)
    spot = prices.instance("m6i.2xlarge", "us-east-1")
    assert spot and spot.spot.usd
    [line] = advise(usage=usage, schedules=environment.schedules.model_copy(update={"training_window": None}))["off-peak training"]
    assert line.saving_usd == 10 * spot.spot.usd * Decimal("1.05")


def test_gp3(advise: Any, resource: Any) -> None:
    [line] = advise(resource("aws:ebs/volume:Volume", "old", {"size": 500, "type": "gp2"}))["gp3"]
    assert (line.target, line.saving_usd) == ("s/old", Decimal("10.00"))


def test_one_nat_gateway_counts_the_traffic_between_zones(advise: Any, resource: Any) -> None:
    token = "aws:ec2/natGateway:NatGateway"
    usage = Usage(types={token: {"monthly_data_processed_gb": Decimal(300)}})
    [line] = advise(*(resource(token, f"nat-{zone}", {}) for zone in "abc"), usage=usage)["one NAT gateway"]
    assert line.saving_usd == 2 * 730 * (Decimal("0.045") + Decimal("0.005")) - 600 * 2 * Decimal("0.01")
    assert line.risk == "high"


def test_log_retention(advise: Any, resource: Any) -> None:
    token = "aws:cloudwatch/logGroup:LogGroup"
    usage = Usage(
        types={token: {"storage_gb": Decimal(1000), "monthly_data_ingested_gb": Decimal(0), "monthly_data_scanned_gb": Decimal(0)}}
    )
    [line] = advise(resource(token, "a", {"retentionInDays": 360}), resource(token, "b", {"retentionInDays": 30}), usage=usage)[
        "log retention"
    ]
    assert line.saving_usd == 1000 * Decimal("0.03") * Decimal("0.75")


def test_extended_support(advise: Any, resource: Any) -> None:
    [line] = advise(resource("aws:eks/cluster:Cluster", "c", {"version": "1.32"}))["Kubernetes version"]
    assert line.saving_usd == Decimal("365.0")


def test_right_sizing_needs_idle_processors(advise: Any, environment: Environment) -> None:
    model = environment.models["credit-risk"]
    assert model.instances is not None
    large = model.model_copy(update={"instances": model.instances.model_copy(update={"instance_type": "ml.m5.xlarge", "minimum": 1})})
    idle = advise(usage=_traffic("credit-risk", "1000000", "20"), models={"credit-risk": large})
    assert [(line.change, line.saving_usd) for line in idle["right-sizing"]] == [
        ("ml.m5.xlarge → ml.m5.large", 730 * (Decimal("0.23") - Decimal("0.115")))
    ]
    busy = advise(usage=_traffic("credit-risk", "200000000", "20"), models={"credit-risk": large})
    assert "right-sizing" not in busy


def test_the_largest_saving_comes_first_and_the_arithmetic_is_shown(
    advise: Any, estimate_of: Any, prices: PriceBook, resource: Any
) -> None:
    disks = (
        resource("aws:ebs/volume:Volume", "a", {"size": 10, "type": "gp2"}),
        resource("aws:ebs/volume:Volume", "b", {"size": 99, "type": "gp2"}),
    )
    estimate = estimate_of(*disks)
    plan = Plan(environment="prod", stacks=(StackPlan(name="s", environment="prod", resources=disks),))
    lines = advice(estimate, plan, prices)
    assert [line.saving_usd for line in lines] == sorted((line.saving_usd for line in lines), reverse=True)
    text = advice_table(estimate, lines)
    assert "99 GB × (0.1 - 0.08) USD" in text
    assert "Savings overlap: they do not add up." in text
