"""Batch, asynchronous and KServe models, from their traffic."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mlctl.config.environment import Environment
from mlctl.config.model import Instances, KServe, Model
from mlctl.config.usage import ModelUsage, PoolUsage, Usage
from mlctl.cost.component import Priced
from mlctl.cost.unit_cost import unit_costs

_CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"


def _usage(name: str, **more: Any) -> Usage:
    pools = {"cpu-serving": PoolUsage(average_nodes=Decimal(1), instance_type="m6i.xlarge")}
    return Usage(node_pools=pools, models={name: ModelUsage(requests=Decimal(360_000), milliseconds=Decimal(1000), **more)})


def test_a_batch_model_is_charged_by_its_hours(resource: Any, cost_of: Any) -> None:
    model = Model(team="lending", mode="batch", version=1, batch_schedule="0 3 * * *", instances=Instances(instance_type="ml.m5.xlarge"))
    scoring = resource("aws:sagemaker/model:Model", "scoring", {"tags": {"model": "scoring"}})
    cost = cost_of(scoring, usage=_usage("scoring", batch_hours=Decimal(30)), models={"scoring": model})
    assert cost.expected_usd == 30 * Decimal("0.23")
    assert cost.model == "scoring"
    assert cost_of(scoring, usage=Usage(), models={"scoring": model}).status is Priced.UNPRICED


def test_an_asynchronous_model_that_scales_to_zero_is_charged_while_it_works(resource: Any, cost_of: Any) -> None:
    instances = Instances(instance_type="ml.g5.xlarge", minimum=0, maximum=2)
    model = Model(team="lending", mode="asynchronous", version=1, accelerator="gpu", instances=instances)
    inputs = {
        "tags": {"model": "vision"},
        "asyncInferenceConfig": {},
        "productionVariants": [{"instanceType": "ml.g5.xlarge", "initialInstanceCount": 1}],
    }
    cost = cost_of(resource(_CONFIGURATION, "vision", inputs), usage=_usage("vision", payload_kb=Decimal(0)), models={"vision": model})
    assert cost.expected_usd == 100 * Decimal("1.408")  # 360,000 requests of a second are 100 hours
    assert cost.ceiling_usd == 2 * 730 * Decimal("1.408")
    assert cost.quotation.gpu_usd == cost.expected_usd


def test_a_kserve_model_costs_its_share_of_a_node(estimate_of: Any, environment: Environment) -> None:
    model = Model(team="lending", mode="kserve", version=1, kserve=KServe(cpu="500m", memory="8Gi", minimum=2))
    found = estimate_of(usage=_usage("text", training_hours=Decimal(0)), models={"text": model})
    [cost] = unit_costs(found)
    assert cost.serving_usd == Decimal("0.5") * 2 * Decimal("0.192") * 730  # 8 of 16 GiB is more than half of 4 cores
    assert cost.usd_per_thousand == Decimal("0.5") * 2 * Decimal("0.192") * 730 / 360


def test_a_model_without_a_version_serves_nothing(estimate_of: Any, environment: Environment) -> None:
    found = estimate_of(usage=environment.usage)
    assert [(one.serving_usd, one.usd_per_thousand) for one in unit_costs(found)] == [(None, None), (None, None)]
