"""Resources made by hand, priced at the shipped prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlctl.config import load_environment
from mlctl.config.environment import Environment
from mlctl.config.usage import Usage
from mlctl.cost.estimate import Estimate, ResourceCost, estimate
from mlctl.cost.price import PriceBook
from mlctl.cost.price_file import load_prices
from mlctl.plan.model import Plan, Resource, StackPlan

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 11, 20)


@pytest.fixture(scope="session")
def prices() -> PriceBook:
    return load_prices()


@pytest.fixture(scope="session")
def environment() -> Environment:
    """The shipped production environment, in us-east-1."""
    return load_environment(ROOT / "environments" / "prod.yaml")


@pytest.fixture
def resource() -> Callable[..., Resource]:
    """A resource of stack `s`: (type, name, inputs, **more)."""

    def make(token: str, name: str, inputs: Mapping[str, Any], **more: Any) -> Resource:
        return Resource(urn=f"urn:pulumi:prod::s::{token}::{name}", type=token, name=name, inputs=inputs, **more)

    return make


@pytest.fixture
def estimate_of(environment: Environment, prices: PriceBook) -> Callable[..., Estimate]:
    """The estimate of hand-made resources; `usage` replaces the environment's, `defaults` are empty unless given."""

    def make(*resources: Resource, usage: Usage | None = None, today: date = TODAY, defaults: Any = None, **changes: Any) -> Estimate:
        changed = environment.model_copy(update={"usage": usage or Usage(), **changes})
        plan = Plan(environment="prod", stacks=(StackPlan(name="s", environment="prod", resources=resources),))
        return estimate(plan, changed, prices, today=today, defaults={} if defaults is None else defaults)

    return make


@pytest.fixture
def cost_of(estimate_of: Callable[..., Estimate]) -> Callable[..., ResourceCost]:
    """What the first of some resources costs, with usage stated for it."""

    def price(*resources: Resource, stated: Mapping[str, Any] | None = None, **changes: Any) -> ResourceCost:
        usage = changes.pop("usage", None)
        if stated:
            figures = {key: Decimal(str(value)) for key, value in stated.items()}
            usage = (usage or Usage()).model_copy(update={"resources": {f"s/{resources[0].name}": figures}})
        return estimate_of(*resources, usage=usage, **changes).resources[0]

    return price
