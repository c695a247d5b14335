"""How strict this environment is: rules, waivers, and what a model must show before it serves here."""

from __future__ import annotations

import itertools
from typing import Literal

from pydantic import Field, field_validator

from mlctl.config.base import Percent, Section
from mlctl.finding import Enforcement, Severity


class RuleSetting(Section):
    """Overrides of one rule in this environment."""

    enforcement: Enforcement | None = None
    """mandatory blocks, advisory is reported, disabled is not run. Empty: the rule's own."""
    severity: Severity | None = None
    """Empty: the rule's own."""


class Policy(Section):
    """Policy-as-code in this environment."""

    not_evaluated: Literal["block", "report"] = "block"
    """What a mandatory rule does that meets a value it cannot know."""
    checkov: Literal["block", "report"] = "block"
    """What a failed Checkov check does."""
    rules: dict[str, RuleSetting] = Field(default_factory=dict)
    """Per rule id, as `mlctl policies list` prints them."""
    allowed_instance_families: tuple[str, ...] = ()
    """EC2 and SageMaker families that may be used, for example `m6i`. Empty: every family the node pools and models name."""


class Promotion(Section):
    """What a model version must show before `mlctl model promote` pins it here. Its own gates stand in ml/models/<name>.yaml."""

    from_environment: str | None = None
    """The version must serve there first. null: straight from the registry."""
    soak_hours: int = Field(default=0, ge=0)
    """How long it must have served there, hours."""
    max_evaluation_age_days: int = Field(default=30, ge=1)
    """Evidence older than this must be renewed, days."""
    approvers: int = Field(default=0, ge=0)
    """How many different people must have approved the version."""
    require: tuple[Literal["evaluation", "fairness", "explanation", "latency", "data_contract", "artefact"], ...] = (
        "evaluation",
        "fairness",
        "explanation",
        "latency",
        "data_contract",
        "artefact",
    )
    """Kinds of evidence that must be there and pass."""
    canary_steps: tuple[Percent, ...] = Field(default=(10, 50, 100), min_length=1)
    """Traffic shares of the canary, percent: rising, above 0, the last one 100."""
    canary_alpha: float = Field(default=0.01, gt=0, le=0.1)
    """Chance that a canary refuses a version that is within `canary_tolerance`, however often it looks: for each of errors, slow answers
    and adverse decisions. Smaller: fewer false alarms, and a bad version is refused later."""
    canary_tolerance: float = Field(default=1.25, ge=1, le=10)
    """How many times as often as the champion's the challenger's answers may fail, be slow or be adverse. 1: no more often at all. Larger:
    only a challenger that is much worse is refused."""

    @field_validator("canary_steps")
    @classmethod
    def _rising(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        if steps[0] == 0 or steps[-1] != 100 or any(low >= high for low, high in itertools.pairwise(steps)):
            raise ValueError(f"the shares {', '.join(map(str, steps))} do not rise from above 0 to 100; for example 10, 50, 100")
        return steps
