"""A critical model survives the loss of one instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-critical-redundant",
    title="A critical production model has two instances or more",
    severity=Severity.HIGH,
    why="One instance is one failure away from none.",
    remediation="Set instances.minimum (or kserve.minimum) to 2 or more.",
    allowed=SERVED,
    disallowed={**SERVED, "instances": {"minimum": 1, "maximum": 4}},
)
def critical_redundant(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    bounds = model.get("instances") or model.get("kserve")
    live = model["mode"] in ("realtime", "kserve")
    if settings.production and model["critical"] and live and bounds and int(bounds["minimum"]) < 2:
        yield f"is critical and may run on {bounds['minimum']} instance"
