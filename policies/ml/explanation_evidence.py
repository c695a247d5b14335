"""No version serves that cannot be explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED, spoiled, unproven
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-explanation-evidence",
    title="A served version can be explained",
    severity=Severity.HIGH,
    why="Who is declined has a right to the reasons.",
    remediation="Run the training workflow; its explanation step writes the evidence.",
    allowed=SERVED,
    disallowed=spoiled("explanation"),
)
def explanation_evidence(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    yield from unproven(model, settings, "explanation")
