"""The configuration of the rule pack for the engine: the same settings the gate judges by, and the same enforcement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from mlctl.checks.discovery import SdkPolicy
from mlctl.checks.rule_facts import rule_facts
from mlctl.checks.waivers import Waiver
from mlctl.config import Environment


def pack_config(
    rules: Sequence[SdkPolicy], environment: Environment, settings: Mapping[str, Any], waivers: Sequence[Waiver] = ()
) -> dict[str, dict[str, Any]]:
    """What `--policy-pack-config` takes: rule id → enforcementLevel, environment, and what is waived on the settings' `today`."""
    without_models = {**settings, "models": {}}
    today = date.fromisoformat(settings["today"])
    return {
        rule.name: {
            "enforcementLevel": rule_facts(rule, environment.policy).enforcement.value,
            "environment": dict(settings) if getattr(rule, "judges_models", False) else without_models,
            "waived": [waiver.resource for waiver in waivers if waiver.rule == rule.name and waiver.holds(environment.name, today)],
        }
        for rule in rules
    }
