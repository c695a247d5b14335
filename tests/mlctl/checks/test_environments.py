"""The shipped environments, unbroken: no rule has a finding that is not waived, and everything can be shown to Checkov."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from mlctl.checks.discovery import find_rules
from mlctl.checks.judge import judge
from mlctl.checks.settings import rule_settings
from mlctl.checks.subjects import model_subjects
from mlctl.checks.terraform.names import names
from mlctl.checks.waivers import read_waivers
from mlctl.config import load_environments
from mlctl.finding import Status
from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan

ROOT = Repository.find().root
TODAY = date(2026, 11, 20)


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_no_rule_objects(name: str, plan_of: Callable[[str], Plan]) -> None:
    [environment] = load_environments(ROOT / "environments", [name])
    settings = rule_settings(environment, models=model_subjects(environment, definitions=ROOT / "ml" / "models"), today=TODAY)
    verdict = judge(plan_of(name), environment, find_rules(ROOT / "policies"), settings)
    waived = read_waivers(ROOT / "policies" / "waivers.yaml").apply(verdict.findings, name, TODAY)
    assert [(finding.id, finding.resource, finding.message) for finding in waived if finding.status is not Status.WAIVED] == []
    assert sum(verdict.passes.values()) > 900


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_aws_type_has_a_row(name: str, plan_of: Callable[[str], Plan]) -> None:
    used = {resource.type for resource in plan_of(name).resources() if resource.package == "aws" and resource.custom}
    assert used - set(names().types) == set()
