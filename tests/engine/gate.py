"""The gate's side of a comparison of policies."""

from __future__ import annotations

from datetime import date
from typing import Any

from bench.breakers import BREAKERS
from mlctl.checks.discovery import find_rules
from mlctl.checks.judge import judge
from mlctl.checks.pack import pack_config
from mlctl.checks.settings import rule_settings
from mlctl.checks.subjects import model_subjects
from mlctl.checks.verdict import Verdict
from mlctl.checks.waivers import Waivers, read_waivers
from mlctl.config import Environment, load_environments
from mlctl.evidence.log import read_records
from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan
from policies.rule import ResourceRule
from tests.engine.broken_stack import Break, choose_breaks

TODAY = date(2026, 11, 20)
BROKEN_ENVIRONMENT = "prod"
"""Where the most rules are in force."""


def waivers_of(repository: Repository) -> Waivers:
    return read_waivers(repository.root / "policies" / "waivers.yaml")


def settings_of(repository: Repository, environment: Environment) -> dict[str, Any]:
    models = model_subjects(environment, definitions=repository.root / "ml" / "models", evidence=read_records(repository.root / "evidence"))
    return rule_settings(environment, models=models, today=TODAY)


def policy_config(repository: Repository, environment: Environment) -> dict[str, Any]:
    """What `mlctl policies config` prints."""
    rules, settings = find_rules(repository.root / "policies"), settings_of(repository, environment)
    return pack_config(rules, environment, settings, waivers_of(repository).entries)


def broken_resources(repository: Repository, plan: Plan) -> list[Break]:
    """What the tests break: a resource for each rule that can be broken without knowing what the cloud computes."""
    [environment] = load_environments(repository.environments, [plan.environment])
    over_stacks = [rule.name for rule in find_rules(repository.root / "policies") if not isinstance(rule, ResourceRule)]
    return choose_breaks(plan, BREAKERS, settings_of(repository, environment), environment.tier, over_stacks)


def verdict(repository: Repository, environment: Environment, plan: Plan) -> Verdict:
    return judge(plan, environment, find_rules(repository.root / "policies"), settings_of(repository, environment))
