"""No version serves whose fairness was not judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED, spoiled, unproven
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-fairness-evidence",
    title="A served version was judged fair",
    severity=Severity.CRITICAL,
    why="Discrimination by a model is discrimination by the company.",
    remediation="Run the training workflow; its fairness step writes the evidence.",
    allowed=SERVED,
    disallowed=spoiled("fairness"),
)
def fairness_evidence(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    yield from unproven(model, settings, "fairness")
