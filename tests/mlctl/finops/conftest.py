"""Small inputs of the FinOps report, written by hand so that every sum can be checked by eye."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlctl.config import load_environment
from mlctl.config.environment import Environment
from mlctl.finops.period import Period

TODAY = date(2026, 11, 20)
HEADER = (
    "BilledCost,EffectiveCost,BillingCurrency,ChargeCategory,ChargeClass,ChargeDescription,ChargePeriodStart,ChargePeriodEnd,"
    "ServiceName,ResourceId,SubAccountId,Tags"
)
Row = Mapping[str, Any]
WriteBill = Callable[..., Path]


@pytest.fixture(scope="session")
def prod() -> Environment:
    return load_environment(Path(__file__).parents[3] / "environments" / "prod.yaml")


@pytest.fixture
def october() -> Period:
    return Period.parse("2026-10", today=TODAY)


def bill_line(day: date | str, usd: object, **given: Any) -> str:
    """One row of a bill; `hours` from midnight or from `start`."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    days, tags = given.pop("days", 1), given.pop("tags", None)
    row = {
        "BilledCost": str(usd),
        "EffectiveCost": str(usd),
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeDescription": "",
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day + timedelta(days=days)}T00:00:00Z",
        "ServiceName": "Amazon SageMaker",
        "ResourceId": "r-1",
        "SubAccountId": "333333333333",
        "Tags": '"' + json.dumps(tags).replace('"', '""') + '"' if tags else "",
        **given,
    }
    return ",".join(str(row[name]) for name in HEADER.split(","))


@pytest.fixture
def write_bill(tmp_path: Path) -> WriteBill:
    def write(lines: Sequence[str], name: str = "bill.csv", header: str = HEADER) -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


def allocation(name: str, day: str, **costs: Any) -> dict[str, Any]:
    """An allocation of one day with the fields that the reader knows."""
    after = date.fromisoformat(day) + timedelta(days=1)
    parts = {part: value for part, value in costs.items() if part.endswith("Cost") and part != "totalCost"}
    total = sum(value for value in parts.values() if value is not None)
    return {
        "name": name,
        "properties": costs.pop("properties", {"cluster": "c"}),
        "window": {"start": f"{day}T00:00:00Z", "end": f"{after}T00:00:00Z"},
        "totalCost": total,
        **costs,
    }


def answer(*allocations: Mapping[str, Any]) -> dict[str, Any]:
    """An answer with one step per day, as the server sends it."""
    steps: dict[str, dict[str, Any]] = {}
    for one in allocations:
        steps.setdefault(one["window"]["start"], {})[one["name"]] = one
    return {"code": 200, "data": list(steps.values())}
