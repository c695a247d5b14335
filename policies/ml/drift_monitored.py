"""Somebody watches whether the world moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-drift-monitored",
    title="Every served model has drift limits and a schedule",
    severity=Severity.HIGH,
    why="A model decays silently.",
    remediation="Give drift and retraining in ml/models/<name>.yaml, and schedules.monitoring in the environment.",
    allowed=SERVED,
    disallowed={**SERVED, "definition": {"features": {}}},
)
def drift_monitored(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    for key in ("drift", "retraining"):
        if not (model["definition"] or {}).get(key):
            yield f"its definition has no {key}"
    if not settings.schedules.get("monitoring"):
        yield "schedules.monitoring is not set"
