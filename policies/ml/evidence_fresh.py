"""Evidence of long ago proves little about today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED, evaluation_age
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-evidence-fresh",
    title="The evaluation of a served version is recent enough",
    severity=Severity.MEDIUM,
    why="The world moves; an old evaluation says how good the model was then.",
    remediation="Evaluate the version on recent data (the monitoring workflow does), or promote a newer one.",
    allowed=SERVED,
    disallowed={**SERVED, "evidence": [{"kind": "evaluation", "version": 4, "verdict": "pass", "date": "2025-06-01"}]},
)
def evidence_fresh(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    age, longest = evaluation_age(model, settings.today), int(settings.promotion["max_evaluation_age_days"])
    if age is not None and age > longest:
        yield f"version {model['version']} was last evaluated {age} days ago; at most {longest} are allowed"
