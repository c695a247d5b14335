"""No version serves that is too slow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED, spoiled, unproven
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-latency-evidence",
    title="A served version was timed and is fast enough",
    severity=Severity.MEDIUM,
    why="A slow answer is no answer for the application that waits.",
    remediation="Run the training workflow; its packaging step writes the evidence.",
    allowed=SERVED,
    disallowed=spoiled("latency"),
)
def latency_evidence(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    yield from unproven(model, settings, "latency")
