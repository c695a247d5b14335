"""What a model was asked is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-requests-captured",
    title="Requests to a served model are captured",
    severity=Severity.HIGH,
    why="Drift, fairness over time and complaints are judged from the captured data.",
    remediation="Set data_capture_percent above 0; 100 for a critical or regulated model.",
    allowed=SERVED,
    disallowed={**SERVED, "data_capture_percent": 0},
)
def requests_captured(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    percent = int(model["data_capture_percent"])
    regulated = bool((model["definition"] or {}).get("regulated"))
    if percent == 0:
        yield "its requests are not captured"
    elif settings.production and regulated and percent < 100:
        yield f"is regulated and only {percent} % of its requests are captured"
