"""Our monthly costs against those that Infracost's public tests expect (cases.json; shared price data, README of the samples).

Prices that stand only in those same tests (`implied`, `golden`) make a case check our quantities alone; the others are independent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlctl.config.environment import Environment
from mlctl.config.usage import Usage
from mlctl.cost.component import Priced
from mlctl.cost.estimate import ResourceCost, estimate
from mlctl.cost.price_file import load_prices
from mlctl.cost.services.data_transfer import TYPE as DATA_TRANSFER
from mlctl.plan.model import Plan, Resource, StackPlan
from mlctl.plan.placeholder import placeholder

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))

DISPUTED = {
    "kms-default": "RSA GenerateDataKeyPair is not estimated (AWS: 12.00 per 10,000; the golden: 0.10), so nothing of it is in the total.",
    "kinesis-provisioned": "Extended retention is charged per shard-hour, as AWS lists it; the golden says per GB. Not in the total.",
    "sagemaker-provisioned": "Endpoint storage at 0.14, from AWS's page of 2026-09-27; the golden, never merged, says 0.112: 0.33 % off.",
    "sagemaker-serverless": "Data processed at 0.016 per GB, in two sources; the 0.02 of AWS's page is rounded.",
}
"""Which figure was taken, and why."""


def _flat(usage: Mapping[str, Any], prefix: str = "") -> dict[str, Decimal]:
    flat: dict[str, Decimal] = {}
    for key, value in usage.items():
        flat |= _flat(value, f"{prefix}{key}_") if isinstance(value, Mapping) else {prefix + key: Decimal(str(value))}
    return flat


def _resolve(value: Any, types: Mapping[str, str]) -> Any:
    """`${template.id}` as the placeholder that a plan would hold."""
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\.(\w+)\}", lambda match: placeholder(types[match[1]], match[1], match[2]), value)
    if isinstance(value, Mapping):
        return {key: _resolve(one, types) for key, one in value.items()}
    return [_resolve(one, types) for one in value] if isinstance(value, list) else value


def priced(case: Mapping[str, Any], environment: Environment) -> ResourceCost:
    """What we say the case costs, with exactly the usage that it states."""
    members = [{**case, "name": "self", "type": case["type"] or DATA_TRANSFER}, *case["related"]]
    types = {one["name"]: one["type"] for one in members}
    resources = tuple(
        Resource(urn=f"urn::{one['name']}", type=one["type"], name=one["name"], inputs=_resolve(one["inputs"], types)) for one in members
    )
    stated = {f"s/{one['name']}": _flat(one["usage"]) for one in members if one.get("usage")}
    there = environment.model_copy(update={"region": case["region"], "usage": Usage(resources=stated)})
    plan = Plan(environment="case", stacks=(StackPlan(name="s", environment="case", resources=resources),))
    found = estimate(plan, there, load_prices(), today=date(2026, 11, 20), defaults={})
    return found.resources[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_agrees_within_one_percent(case: dict[str, Any], environment: Environment) -> None:
    expected = case["expected"]
    wanted = Decimal(str(expected["monthly_usd"]))
    costed = [one for one in expected["components"] if one["monthly_usd"] is not None]
    cost = priced(case, environment)
    assert abs(cost.expected_usd - wanted) <= max(wanted / 100, Decimal("0.005") * len(costed)), [
        (one.name, one.monthly_quantity, one.unit_price, one.monthly_usd) for one in cost.components
    ]
    unpriced = [one.reason for one in cost.components if one.unit_price is None]
    assert unpriced == [], "a case with an unpriced component must say why"


def test_every_dispute_is_decided() -> None:
    assert {case["id"] for case in CASES if case["price_disputed"]} == set(DISPUTED)


def _with_prices(*checks: str) -> set[str]:
    """Cases that cost something, all of whose costed rows have one of these checks against the price table."""
    return {
        case["id"]
        for case in CASES
        if Decimal(str(case["expected"]["monthly_usd"])) > 0
        and all(one["price_table_check"] in checks for one in case["expected"]["components"] if one["monthly_usd"] is not None)
    }


def test_how_independent_the_agreement_is() -> None:
    """128 totals come from the goldens; for 56 every price is in the shared table too, for 34 from a source that is not Infracost."""
    costed = {case["id"] for case in CASES if Decimal(str(case["expected"]["monthly_usd"])) > 0}
    assert (len(CASES), len(costed)) == (148, 128)
    assert len(_with_prices("agrees", "agrees_same_source")) == 56
    assert len(_with_prices("agrees")) == 34


def test_free_cases_are_free_for_a_stated_reason(environment: Environment) -> None:
    reasons = {case["id"]: priced(case, environment) for case in CASES if not case["expected"]["components"]}
    assert {name: (cost.status, cost.reason) for name, cost in reasons.items()} == {
        "asg-lt-desired-capacity-zero": (Priced.FREE, "desiredCapacity is 0"),
        "ecs-no-fargate-1": (Priced.FREE, "runs on EC2 instances, which are charged themselves"),
    }
