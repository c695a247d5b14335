"""An estimate as JSON and CSV of our own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from mlctl.cost.compare import Comparison
from mlctl.cost.estimate import Estimate, ResourceCost, Share
from mlctl.cost.money import plain
from mlctl.cost.unit_cost import unit_costs
from mlctl.finding import Finding

CSV_COLUMNS = (
    "environment",
    "stack",
    "resource",
    "type",
    "service",
    "team",
    "model",
    "status",
    "component",
    "unit",
    "monthly_quantity",
    "unit_price_usd",
    "monthly_usd",
    "usage_based",
    "usage_key",
    "price_source",
    "price_date",
    "reason",
    "file",
    "line",
)


def estimate_to_json(estimate: Estimate, comparison: Comparison | None, findings: Iterable[Finding]) -> dict[str, Any]:
    """Everything the estimate says; amounts are strings, USD a month."""
    return {
        "environment": estimate.environment.name,
        "region": estimate.environment.region,
        "date": estimate.today.isoformat(),
        "currency": "USD",
        "at_least": estimate.at_least,
        "expected_usd": plain(estimate.expected_usd),
        "ceiling_usd": plain(estimate.ceiling_usd),
        "gpu_usd": plain(estimate.gpu_usd),
        "gpu_ceiling_usd": plain(estimate.gpu_ceiling_usd),
        "failed_stacks": list(estimate.failed_stacks),
        "counts": {status.value: count for status, count in estimate.counts.items()},
        "by_stack": _shares(estimate.by_stack),
        "by_service": _shares(estimate.by_service),
        "by_team": _shares(estimate.by_team),
        "by_model": _shares(estimate.by_model),
        "predictions": [
            {
                "model": one.model,
                "requests": plain(one.requests),
                "serving_usd": _text(one.serving_usd),
                "training_usd": _text(one.training_usd),
                "usd_per_thousand": _text(one.usd_per_thousand),
                "note": one.note,
            }
            for one in unit_costs(estimate)
        ],
        "assumptions": [
            {"type": one.type, "key": one.key, "value": _text(one.value), "origin": one.origin, "monthly_usd": plain(one.monthly_usd)}
            for one in estimate.assumptions
        ],
        "resources": [_resource(one) for one in estimate.largest],
        "comparison": _comparison(comparison) if comparison else None,
        "findings": [
            {"id": one.id, "status": one.status, "resource": one.resource, "message": one.message, "blocks": one.blocks} for one in findings
        ],
    }


def _shares(shares: Iterable[Share]) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "expected_usd": plain(one.expected_usd), "ceiling_usd": plain(one.ceiling_usd), "at_least": one.at_least}
        for one in shares
    ]


def _resource(one: ResourceCost) -> dict[str, Any]:
    return {
        "urn": one.urn,
        "name": one.name,
        "type": one.type,
        "stack": one.stack,
        "service": one.service,
        "team": one.team,
        "model": one.model,
        "file": one.file,
        "line": one.line,
        "status": one.status.value,
        "expected_usd": plain(one.expected_usd),
        "ceiling_usd": plain(one.ceiling_usd),
        "ceiling_note": one.quotation.ceiling_note,
        "reason": one.reason,
        "components": [
            {
                "name": part.name,
                "unit": part.unit,
                "monthly_quantity": _text(part.monthly_quantity),
                "unit_price_usd": _text(part.unit_price),
                "monthly_usd": _text(part.monthly_usd),
                "usage_based": part.usage_based,
                "usage_key": part.usage_key,
                "source": part.source,
                "date": part.date.isoformat() if part.date else None,
                "reason": part.reason,
            }
            for part in one.components
        ],
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "before_usd": plain(comparison.before.expected_usd),
        "delta_usd": plain(comparison.delta_usd),
        "ceiling_delta_usd": plain(comparison.ceiling_delta_usd),
        "percent": _text(comparison.percent),
        "differences": [
            {
                "change": one.change,
                "urn": one.resource.urn,
                "type": one.resource.type,
                "before_usd": plain(one.before_usd),
                "after_usd": plain(one.after_usd),
                "delta_usd": plain(one.delta_usd),
            }
            for one in comparison.differences
        ],
    }


def estimate_to_csv(estimates: Iterable[Estimate]) -> str:
    """One row per component; a resource without one has a row that says why."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for estimate in estimates:
        for one in estimate.largest:
            writer.writerows(_rows(estimate.environment.name, one))
    return text.getvalue()


def _rows(environment: str, one: ResourceCost) -> Iterable[dict[str, Any]]:
    common = {
        "environment": environment,
        "stack": one.stack,
        "resource": one.name,
        "type": one.type,
        "service": one.service,
        "team": one.team,
        "model": one.model or "",
        "status": one.status.value,
        "file": one.file or "",
        "line": one.line or "",
    }
    if not one.components:
        yield {**common, "reason": one.reason or ""}
    for part in one.components:
        yield {
            **common,
            "component": part.name,
            "unit": part.unit,
            "monthly_quantity": _text(part.monthly_quantity) or "",
            "unit_price_usd": _text(part.unit_price) or "",
            "monthly_usd": _text(part.monthly_usd) or "",
            "usage_based": str(part.usage_based).lower(),
            "usage_key": part.usage_key or "",
            "price_source": part.source,
            "price_date": part.date.isoformat() if part.date else "",
            "reason": part.reason or "",
        }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
