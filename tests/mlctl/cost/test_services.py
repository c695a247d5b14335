"""What each service file makes of resources: services/<file>.yaml in, services/<file>.txt out, a table that a person can check.

`MLCTL_UPDATE_GOLDEN=1 pytest tests/mlctl/cost/test_services.py` writes the tables anew; read the difference before committing it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlctl.config.environment import Environment
from mlctl.config.usage import Usage
from mlctl.cost.catalogue import entries
from mlctl.cost.estimate import ResourceCost, estimate
from mlctl.cost.money import usd
from mlctl.cost.price_file import load_prices
from mlctl.cost.table import component_line
from mlctl.plan.model import Plan, Resource, StackPlan
from mlctl.plan.placeholder import placeholder

FOLDER = Path(__file__).parent / "services"
FILES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def _table(name: str, environment: Environment) -> str:
    rows = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return "\n".join("\n".join(_lines(_price(row, environment))) for row in rows) + "\n"


def _price(row: Mapping[str, Any], environment: Environment) -> ResourceCost:
    members = [row, *row.get("related", ())]
    types = {"self": row["type"], **{one["name"]: one["type"] for one in members}}
    resources = tuple(
        Resource(urn=f"urn::{one['name']}", type=one["type"], name=one["name"], inputs=_resolve(one.get("inputs", {}), types))
        for one in members
    )
    stated = {f"s/{one['name']}": {key: Decimal(str(value)) for key, value in one.get("usage", {}).items()} for one in members}
    there = environment.model_copy(
        update={"region": row.get("region", "us-east-1"), "usage": Usage(resources={key: value for key, value in stated.items() if value})}
    )
    plan = Plan(environment="golden", stacks=(StackPlan(name="s", environment="golden", resources=resources),))
    return estimate(plan, there, load_prices(), today=date(2026, 11, 20), defaults={}).resources[0]


def _resolve(value: Any, types: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\$\{(\w[\w-]*)\.(\w+)\}", lambda match: placeholder(types[match[1]], match[1], match[2]), value)
    if isinstance(value, Mapping):
        return {key: _resolve(one, types) for key, one in value.items()}
    return [_resolve(one, types) for one in value] if isinstance(value, list) else value


def _lines(cost: ResourceCost) -> list[str]:
    lines = [f"{cost.name} ({cost.type}): {cost.status}, {usd(cost.expected_usd)} a month"]
    lines += [f"    {component_line(part)}" for part in cost.components]
    if cost.ceiling_usd != cost.expected_usd:
        note = f": {cost.quotation.ceiling_note}" if cost.quotation.ceiling_note else ""
        lines.append(f"    ceiling {usd(cost.ceiling_usd)}{note}")
    if not cost.components:
        lines.append(f"    {cost.reason}")
    return lines


@pytest.mark.parametrize("name", FILES)
def test_golden(name: str, environment: Environment) -> None:
    path = FOLDER / f"{name}.txt"
    table = _table(name, environment)
    if os.environ.get("MLCTL_UPDATE_GOLDEN"):
        path.write_text(table, encoding="utf-8")
    assert table == path.read_text(encoding="utf-8")


def test_every_priced_type_is_in_a_golden_table() -> None:
    shown = {row["type"] for name in FILES for row in yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))}
    assert set(entries()) - shown == set()


def test_every_table_belongs_to_a_service_file() -> None:
    assert {entry.price.__module__.rsplit(".", 1)[1] for entry in entries().values()} == set(FILES)
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(FILES)
