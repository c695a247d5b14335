"""Our monthly costs against those that Infracost's public tests expect (cases.json; shared price data, README of the samples).

Our prices come from the shipped book. Where the book's own row comes from those tests, a case checks our quantities alone; the others are
independent: by their row's source, or because confirmed_prices.csv names somebody else who publishes the same figure.
"""

from __future__ import annotations

import csv
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
from mlctl.cost.component import Component, Priced
from mlctl.cost.estimate import ResourceCost, estimate
from mlctl.cost.price import Price
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


CONFIRMED: list[dict[str, str]] = list(csv.DictReader((Path(__file__).parent / "confirmed_prices.csv").open(encoding="utf-8")))
"""Prices of our book that its row takes from Infracost's tests, and where the same figure is published by somebody else."""
SCALES = {Decimal(scale) for scale in (1, 100, 1_000, 10_000, 100_000, 1_000_000, 730)}
"""Price per unit on the page ÷ price in the book: millions of requests, units held for a month."""


def _confirmed_prices() -> list[Price]:
    book = load_prices()
    found = []
    for row in CONFIRMED:
        kind = book.instance(row["item"], row["region"]) if row["service"] == "EC2" else None
        found.append(kind.on_demand if kind else book.price(row["service"], row["item"], row["region"]))
    return found


def _independent(part: Component, confirmed: list[Price]) -> bool:
    """Whether the component's price is published by somebody else than who publishes the expected total."""
    if "infracost" not in part.source.lower():
        return True
    return any(
        part.source == price.source and part.unit_price is not None and price.usd and part.unit_price / price.usd in SCALES
        for price in confirmed
    )


def test_confirmed_prices_are_those_of_our_book() -> None:
    for row, price in zip(CONFIRMED, _confirmed_prices(), strict=True):
        assert price.usd == Decimal(row["usd"]), row
        assert "infracost" in price.source.lower(), f"{row['item']} has a source of its own; it needs no confirmation"
        assert row["seen"]


def test_at_least_sixty_totals_agree_at_independent_prices(environment: Environment) -> None:
    """128 totals come from Infracost's goldens; where our prices do too, only quantities are checked."""
    confirmed = _confirmed_prices()
    independent: dict[str, bool] = {}
    for case in CASES:
        if Decimal(str(case["expected"]["monthly_usd"])) > 0:
            costed = [part for part in priced(case, environment).components if part.monthly_usd]
            independent[str(case["id"])] = all(_independent(part, confirmed) for part in costed)
    assert (len(CASES), len(independent)) == (148, 128)
    assert sum(independent.values()) == 62  # at least 60 are asked for; 66 further ones check quantities alone


def test_free_cases_are_free_for_a_stated_reason(environment: Environment) -> None:
    reasons = {case["id"]: priced(case, environment) for case in CASES if not case["expected"]["components"]}
    assert {name: (cost.status, cost.reason) for name, cost in reasons.items()} == {
        "asg-lt-desired-capacity-zero": (Priced.FREE, "desiredCapacity is 0"),
        "ecs-no-fargate-1": (Priced.FREE, "runs on EC2 instances, which are charged themselves"),
    }
