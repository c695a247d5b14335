"""No version serves that was not evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED, spoiled, unproven
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-evaluation-evidence",
    title="A served version was evaluated and passed",
    severity=Severity.CRITICAL,
    why="A model that nobody measured is a guess about other people's money.",
    remediation="Run the training workflow; it writes the evidence. Then promote with `mlctl model promote`.",
    allowed=SERVED,
    disallowed=spoiled("evaluation"),
)
def evaluation_evidence(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    yield from unproven(model, settings, "evaluation")
