"""Inputs that are unknown, absent or of another kind than expected end in a stated gap, never in an exception or a negative cost."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlctl.config.environment import Environment
from mlctl.config.usage import Usage
from mlctl.cost.estimate import estimate
from mlctl.cost.price_file import load_prices
from mlctl.cost.usage import load_defaults
from mlctl.plan.model import UNKNOWN, Plan, Resource, StackPlan
from mlctl.plan.placeholder import placeholder

FOLDER = Path(__file__).parent / "services"
STRANGE: list[Any] = [None, UNKNOWN, placeholder("aws:x:Y", "y", "id"), [], {}, "x", True, [UNKNOWN], [None], [{}], {"a": UNKNOWN}]


def _variants(value: Any) -> Iterator[Any]:
    """The value with one part after the other replaced by something strange."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            for other in [*STRANGE, *_variants(inner)]:
                yield {**value, key: other}
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            for other in [*STRANGE, *_variants(inner)]:
                changed = copy.copy(value)
                changed[place] = other
                yield changed


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_nothing_strange_raises_or_costs_less_than_nothing(name: str, environment: Environment) -> None:
    rows = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    members = [
        Resource(urn=f"urn::{number}", type=row["type"], name=f"r{number}", inputs=inputs)
        for number, (row, inputs) in enumerate((row, inputs) for row in rows for inputs in _variants(row.get("inputs", {})))
    ]
    for row in rows:
        for related in row.get("related", ()):
            for inputs in _variants(related["inputs"]):
                urn = f"urn::{len(members)}"
                members.append(Resource(urn=urn, type=related["type"], name=related["name"], inputs=inputs))
    plan = Plan(environment="x", stacks=(StackPlan(name="s", environment="x", resources=tuple(members)),))
    there = environment.model_copy(update={"usage": Usage()})
    found = estimate(plan, there, load_prices(), today=date(2026, 11, 20), defaults=load_defaults())
    assert all(part.monthly_usd is None or part.monthly_usd >= 0 for one in found.resources for part in one.components)
    assert all(one.ceiling_usd >= one.expected_usd >= Decimal(0) for one in found.resources)
    assert found.expected_usd.is_finite()
