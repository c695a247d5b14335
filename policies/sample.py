"""Judges a rule's own samples: what the tests, the engine's tests and `mlctl policies explain` share."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    StackValidationArgs,
)
from pulumi_policy.proxy import unknown_checking_proxy

from policies.rule import ModelRule, Part, ResourceRule, Rule, StackRule

SETTINGS: Mapping[str, Any] = {
    "name": "prod",
    "tier": "production",
    "repository": "acme/ml-platform",
    "teams": {
        "platform": {"cost_centre": "CC-1", "monthly_budget_usd": 1000, "gpu_quota": 4},
        "lending": {"cost_centre": "CC-2", "monthly_budget_usd": 500, "gpu_quota": 2},
    },
    "required_tags": ["environment", "team", "cost-centre", "service", "managed-by"],
    "allowed_families": ["m6i", "g5", "m5"],
    "node_pools": {"gpu-training": {"kind": "gpu", "purpose": "training", "capacity": "spot", "off_hours": False}},
    "zones": 3,
    "schedules": {"off_hours": None, "training_window": "22:00-06:00", "training": "0 2 * * 0", "monitoring": "0 * * * *"},
    "budgets": {"monthly_usd": 1500, "gpu_monthly_usd": 300, "deny_gpu_at_percent": 100, "anomaly_usd": 100},
    "longest_log_retention": 365,
    "kms_deletion_window_days": 30,
    "promotion": {
        "require": ["evaluation", "fairness", "explanation", "latency", "data_contract", "artefact"],
        "approvers": 2,
        "max_evaluation_age_days": 30,
    },
    "today": "2026-01-31",
    "models": {},
}
"""A small production environment."""

OPTIONS = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [], None)


def violations(rule: Rule, sample: Any) -> list[str]:
    """What the rule says about a sample of its own kind."""
    found: list[str] = []
    settings = {**SETTINGS, **rule.header.sample_settings}
    if isinstance(rule, ModelRule):
        settings["models"] = {"sample": sample}
    elif isinstance(rule, StackRule) and isinstance(sample, Mapping):
        settings |= sample  # a rule about the environment file itself
    config = {"environment": settings}

    def report(message: str, _urn: str | None = None) -> None:
        found.append(message)

    if isinstance(rule, ResourceRule):
        rule.validate(resource_arguments(rule, sample, config), report)
    else:
        parts = () if isinstance(sample, Mapping) else sample
        resources = stack_resources(parts, project=rule.header.stack or "sample")
        rule.validate(StackValidationArgs(resources, config), report)
    return found


def resource_arguments(rule: ResourceRule, props: Mapping[str, Any], config: Mapping[str, Any]) -> ResourceValidationArgs:
    """The arguments the engine would pass. A sample may name its own type under `@type`."""
    inputs = copy.deepcopy(dict(props))
    kind = inputs.pop("@type", rule.header.types[0])
    return ResourceValidationArgs(kind, unknown_checking_proxy(inputs), urn(kind, "sample", "sample"), "sample", OPTIONS, None, config)


def stack_resources(parts: Sequence[Part], project: str) -> list[PolicyResource]:
    """The parts as the engine would pass them, with their property dependencies."""
    made = {
        part.name: PolicyResource(
            part.type, unknown_checking_proxy(copy.deepcopy(dict(part.props))), urn(part.type, part.name, project), part.name, OPTIONS,
            None, None, [], {},
        )
        for part in parts
    }  # fmt: skip
    for part in parts:
        for name, targets in part.refers.items():
            made[part.name].property_dependencies[name] = [made[target] for target in targets]
    if not made:
        root = "pulumi:pulumi:Stack"
        return [PolicyResource(root, unknown_checking_proxy({}), urn(root, "sample", project), "sample", OPTIONS, None, None, [], {})]
    return list(made.values())


def urn(kind: str, name: str, project: str) -> str:
    """`urn:pulumi:prod::<project>::<type>::<name>`."""
    return f"urn:pulumi:prod::{project}::{kind}::{name}"
