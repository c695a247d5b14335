"""There is a way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-rollback-possible",
    title="A served version has a version to go back to",
    severity=Severity.MEDIUM,
    why="The way back must be known before it is needed.",
    remediation="Promote with `mlctl model promote`, which keeps previous_version; the first version of a model has none.",
    allowed=SERVED,
    disallowed={**SERVED, "version": 4, "previous_version": None},
)
def rollback_possible(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    version, previous = model["version"], model["previous_version"]
    if version is not None and version > 1 and previous is None:
        yield f"version {version} serves and previous_version is not set"
    elif version is not None and previous == version:
        yield f"previous_version is the version that serves, {version}"
