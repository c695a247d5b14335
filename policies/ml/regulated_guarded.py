"""A regulated model says what it must not use and whom it must not harm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-regulated-guarded",
    title="A regulated model names prohibited attributes, groups and limits",
    severity=Severity.HIGH,
    why="What is not named is not checked.",
    remediation="Give prohibited, monitored and fairness in ml/models/<name>.yaml.",
    allowed=SERVED,
    disallowed={**SERVED, "definition": {"regulated": True, "features": {}, "drift": {"psi": 0.2}}},
)
def regulated_guarded(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    definition = model["definition"] or {}
    if not definition.get("regulated"):
        return
    for key in ("prohibited", "monitored", "fairness"):
        if not definition.get(key):
            yield f"is regulated and has no {key}"
