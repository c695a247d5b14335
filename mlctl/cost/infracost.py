"""An estimate in Infracost's JSON (its public schema, version 0.2), so that tools made for it read ours.

One project per stack. Costs and quantities are strings, hourly ones a 730th of the monthly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from mlctl.cost.component import Component, Priced
from mlctl.cost.estimate import Estimate, ResourceCost
from mlctl.cost.money import plain
from mlctl.cost.price import HOURS


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What the schema wants to know about the repository's state."""

    branch: str
    sha: str
    author_name: str
    author_email: str
    time: datetime
    message: str


Pair = tuple[Estimate, Estimate | None]
"""An estimate and the base that it is compared with."""


def infracost(pairs: Sequence[Pair], commit: Commit, *, generated: datetime) -> dict[str, Any]:
    """The document of one or more environments. Without a base the past is empty and the difference is everything."""
    now = [one for estimate, _ in pairs for one in estimate.resources]
    before = [one for _, base in pairs if base for one in base.resources]
    total, past = _total(now), _total(before)
    return {
        "version": "0.2",
        "metadata": {
            "infracostCommand": "diff" if before else "breakdown",
            "vcsBranch": commit.branch,
            "vcsCommitSha": commit.sha,
            "vcsCommitAuthorName": commit.author_name,
            "vcsCommitAuthorEmail": commit.author_email,
            "vcsCommitTimestamp": commit.time.isoformat(),
            "vcsCommitMessage": commit.message,
        },
        "currency": "USD",
        "projects": [project for estimate, base in pairs for project in _projects(estimate, base)],
        **_totals("total", total, _usage_cost(now)),
        **_totals("pastTotal", past, _usage_cost(before)),
        **_totals("diffTotal", total - past, _usage_cost(now) - _usage_cost(before)),
        "timeGenerated": generated.isoformat(),
        "summary": _summary(now),
    }


def _total(resources: Iterable[ResourceCost]) -> Decimal:
    return sum((one.expected_usd for one in resources), Decimal(0))


def _projects(estimate: Estimate, base: Estimate | None) -> list[dict[str, Any]]:
    stacks = sorted({one.stack for one in (*estimate.resources, *(base.resources if base else ()))})
    return [_project(name, estimate, base) for name in stacks]


def _totals(prefix: str, monthly: Decimal, usage: Decimal) -> dict[str, str]:
    return {
        f"{prefix}HourlyCost": plain(monthly / HOURS),
        f"{prefix}MonthlyCost": plain(monthly),
        f"{prefix}MonthlyUsageCost": plain(usage),
    }


def _project(stack: str, estimate: Estimate, base: Estimate | None) -> dict[str, Any]:
    now = [one for one in estimate.resources if one.stack == stack]
    before = [one for one in base.resources if one.stack == stack] if base else []
    name = f"{estimate.environment.name}/{stack}"
    return {
        "name": name,
        "displayName": name,
        "metadata": {"path": f"stacks/{stack}", "type": "pulumi"},
        "pastBreakdown": _breakdown(before),
        "breakdown": _breakdown(now),
        "diff": _difference(before, now),
        "summary": _summary(now),
    }


def _breakdown(resources: Iterable[ResourceCost]) -> dict[str, Any]:
    resources = list(resources)
    return {
        "resources": [_resource(one) for one in resources if one.status not in (Priced.FREE, Priced.UNPRICED) or one.components],
        "freeResources": [_plain_resource(one) for one in resources if one.status is Priced.FREE],
        **_totals("total", _total(resources), _usage_cost(resources)),
    }


def _difference(before: list[ResourceCost], now: list[ResourceCost]) -> dict[str, Any]:
    old, new = {one.urn: one for one in before}, {one.urn: one for one in now}
    resources = []
    for urn in sorted(old.keys() | new.keys()):
        was, one = old.get(urn), new.get(urn)
        delta = (one.expected_usd if one else Decimal(0)) - (was.expected_usd if was else Decimal(0))
        shown = one or was
        if delta and shown:
            resources.append({**_plain_resource(shown), "hourlyCost": plain(delta / HOURS), "monthlyCost": plain(delta)})
    total, usage = _total(now) - _total(before), _usage_cost(now) - _usage_cost(before)
    return {"resources": resources, **_totals("total", total, usage)}


def _plain_resource(one: ResourceCost) -> dict[str, Any]:
    tags = {"team": one.team, **({"model": one.model} if one.model else {})}
    metadata: dict[str, Any] = {"urn": one.urn}
    if one.file:
        metadata |= {"filename": one.file, "startLine": one.line}
    return {"name": one.name, "resourceType": one.type, "tags": tags, "metadata": metadata}


def _resource(one: ResourceCost) -> dict[str, Any]:
    return {
        **_plain_resource(one),
        "hourlyCost": plain(one.expected_usd / HOURS),
        "monthlyCost": plain(one.expected_usd),
        "monthlyUsageCost": plain(_usage_cost([one])),
        "costComponents": [_component(part) for part in one.components],
    }


def _component(part: Component) -> dict[str, Any]:
    return {
        "name": part.name,
        "unit": part.unit,
        "hourlyQuantity": _text(part.monthly_quantity, HOURS),
        "monthlyQuantity": _text(part.monthly_quantity),
        "price": _text(part.unit_price),
        "hourlyCost": _text(part.monthly_usd, HOURS),
        "monthlyCost": _text(part.monthly_usd),
        "usageBased": part.usage_based,
        "priceNotFound": part.unit_price is None,
    }


def _text(value: Decimal | None, divisor: Decimal | int = 1) -> str | None:
    return None if value is None else plain(value / divisor)


def _usage_cost(resources: Iterable[ResourceCost]) -> Decimal:
    return sum((part.monthly_usd for one in resources for part in one.components if part.usage_based and part.monthly_usd), Decimal(0))


def _summary(resources: Iterable[ResourceCost]) -> dict[str, Any]:
    resources = list(resources)
    supported = Counter(one.type for one in resources if one.status in (Priced.PRICED, Priced.PARTIAL))
    unsupported = Counter(one.type for one in resources if one.status is Priced.UNPRICED)
    free = Counter(one.type for one in resources if one.status is Priced.FREE)
    return {
        "totalDetectedResources": len(resources),
        "totalSupportedResources": supported.total(),
        "totalUnsupportedResources": unsupported.total(),
        "totalUsageBasedResources": sum(1 for one in resources if any(part.usage_based for part in one.components)),
        "totalNoPriceResources": free.total(),
        "supportedResourceCounts": dict(sorted(supported.items())),
        "unsupportedResourceCounts": dict(sorted(unsupported.items())),
        "noPriceResourceCounts": dict(sorted(free.items())),
    }
