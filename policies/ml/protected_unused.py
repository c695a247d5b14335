"""No protected attribute is a feature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED
from policies.property import items
from policies.rule import model_rule
from policies.settings import Settings

_FEATURE = {"source": "age", "reason": "x"}


@model_rule(
    id="ml-protected-unused",
    title="No prohibited attribute is among a model's features",
    severity=Severity.CRITICAL,
    why="Deciding by age, sex or origin is prohibited in lending (12 CFR 1002) and wrong elsewhere.",
    remediation="Remove the feature from ml/models/<name>.yaml.",
    allowed=SERVED,
    disallowed={**SERVED, "definition": {**SERVED["definition"], "features": {"years": _FEATURE}, "prohibited": ["age"]}},
)
def protected_unused(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    definition = model["definition"] or {}
    prohibited = set(items(definition.get("prohibited")))
    for name, feature in (definition.get("features") or {}).items():
        source = feature.get("source")
        window = feature.get("window") or {}
        used = {name, *([source] if isinstance(source, str) else items(source)), window.get("column")}
        for attribute in sorted(used & prohibited):
            yield f"feature {name} uses {attribute}, which is prohibited"
