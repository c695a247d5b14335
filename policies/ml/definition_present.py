"""A served model is defined in this repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-definition-present",
    title="Every model of an environment has a definition",
    severity=Severity.HIGH,
    why="A model without a definition cannot be trained again, judged or explained.",
    remediation="Add ml/models/<name>.yaml.",
    allowed=SERVED,
    disallowed={**SERVED, "definition": None},
)
def definition_present(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    if not model["definition"]:
        yield "has no file under ml/models"
