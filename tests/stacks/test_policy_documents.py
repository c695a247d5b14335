"""Every policy document of every plan: no wildcard action on a wildcard resource, and nobody outside is let in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from mlctl.plan.model import Plan
from tests.infra.conftest import every_mode

PlanOf = Callable[[str], Plan]
PlanVariant = Callable[..., Plan]


def documents(value: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Policy documents anywhere in the inputs, as text or as values."""
    if isinstance(value, str) and '"Statement"' in value:
        value = json.loads(value)
    if isinstance(value, Mapping):
        if "Statement" in value:
            yield path, dict(value)
            return
        for key, item in value.items():
            yield from documents(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from documents(item, f"{path}[{number}]")


def statements(plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in plan.resources():
        for path, document in documents(resource.inputs, resource.urn):
            found = document["Statement"]
            for statement in found if isinstance(found, list) else [found]:
                yield f"{path} {statement.get('Sid')}", statement


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


EVERY_MODE = "prod, with a model in every mode"


@pytest.fixture(scope="module", params=["dev", "staging", "prod", EVERY_MODE])
def allowed(request: pytest.FixtureRequest, plan_of: PlanOf, plan_variant: PlanVariant) -> dict[str, dict[str, Any]]:
    """Statements that allow something, by place."""
    plan = plan_variant(every_mode(), stacks=("serving",)) if request.param == EVERY_MODE else plan_of(request.param)
    return {place: item for place, item in statements(plan) if item["Effect"] == "Allow"}


def test_there_are_many(allowed: dict[str, dict[str, Any]]) -> None:
    assert len(allowed) > 50


def test_no_wildcard_action_on_a_wildcard_resource(allowed: dict[str, dict[str, Any]]) -> None:
    wide = [
        place
        for place, item in allowed.items()
        if "*" in listed(item.get("Resource")) and any("*" in action for action in listed(item.get("Action")))
    ]
    assert wide == []


def test_nobody_outside_the_account_is_let_in(allowed: dict[str, dict[str, Any]]) -> None:
    """Everybody (`*`) may be named only where a condition narrows it to this account."""
    for place, item in allowed.items():
        principal = item.get("Principal")
        everybody = principal == "*" or (isinstance(principal, Mapping) and "*" in listed(principal.get("AWS")))
        if everybody:
            assert "kms:CallerAccount" in json.dumps(item.get("Condition", {})), place
