"""What serves is what was judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED, spoiled, unproven
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-artefact-evidence",
    title="A served version's artefact was packaged and hashed",
    severity=Severity.HIGH,
    why="Without the hash nobody knows that the judged file is the one that serves.",
    remediation="Run the training workflow; its packaging step writes the evidence.",
    allowed=SERVED,
    disallowed=spoiled("artefact"),
)
def artefact_evidence(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    yield from unproven(model, settings, "artefact")
