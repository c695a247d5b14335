"""People said yes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED, approvers, spoiled
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-approved",
    title="A served version was approved by as many people as the environment asks",
    severity=Severity.CRITICAL,
    why="A person answers for a model, not a pipeline.",
    remediation="Have the approvers run `mlctl model approve`; each person counts once.",
    allowed=SERVED,
    disallowed=spoiled("approval"),
)
def approved(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    if model["version"] is None:
        return
    wanted, people = int(settings.promotion["approvers"]), approvers(model)
    if len(people) < wanted:
        yield f"version {model['version']} has {len(people)} of {wanted} approvals"
