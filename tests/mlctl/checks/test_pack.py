"""The engine is given what the gate judges by, and the pack serves every rule."""

from __future__ import annotations

import runpy
from datetime import date
from typing import Any

import pytest
from pulumi_policy import ResourceValidationArgs

from mlctl.checks.discovery import find_rules
from mlctl.checks.pack import pack_config
from mlctl.checks.rule_facts import check_settings
from mlctl.checks.settings import allowed_families, rule_settings
from mlctl.checks.subjects import model_subjects
from mlctl.checks.waivers import Waiver
from mlctl.config import Environment, load_environments
from mlctl.config.gates import Policy, RuleSetting
from mlctl.errors import InputError
from mlctl.finding import Enforcement
from mlctl.plan.environment import Repository
from policies.rule import ResourceRule
from policies.sample import OPTIONS

ROOT = Repository.find().root
RULES = find_rules(ROOT / "policies")


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load_environments(ROOT / "environments", ["prod"])[0]


@pytest.fixture(scope="module")
def settings(environment: Environment) -> dict[str, Any]:
    models = model_subjects(environment, definitions=ROOT / "ml" / "models", evidence=[{"model": "churn", "kind": "approval"}])
    return rule_settings(environment, models=models, today=date(2026, 1, 1))


def test_every_rule_has_its_configuration(environment: Environment, settings: dict[str, Any]) -> None:
    config = pack_config(RULES, environment, settings)
    assert set(config) == {rule.name for rule in RULES}
    assert config["aws-sqs-encrypted"]["enforcementLevel"] == "mandatory"
    assert config["aws-sqs-encrypted"]["environment"] == {**settings, "models": {}}
    assert config["ml-approved"]["environment"]["models"]["churn"]["evidence"] == [{"model": "churn", "kind": "approval"}]


def test_the_environment_file_decides_the_enforcement(environment: Environment, settings: dict[str, Any]) -> None:
    policy = Policy(rules={"aws-sqs-encrypted": RuleSetting(enforcement=Enforcement.DISABLED)})
    config = pack_config(RULES, environment.model_copy(update={"policy": policy}), settings)
    assert config["aws-sqs-encrypted"]["enforcementLevel"] == "disabled"


def test_the_pack_serves_the_same_rules() -> None:
    namespace = runpy.run_path(str(ROOT / "policies" / "pack" / "__main__.py"), run_name="pack")
    assert [policy.name for policy in namespace["rules"]()] == [rule.name for rule in RULES]


def test_settings_hold_the_teams_and_families(environment: Environment, settings: dict[str, Any]) -> None:
    assert list(settings["teams"]) == [team.name for team in environment.teams]
    assert settings["teams"]["lending"]["cost_centre"] == "CC-2100"
    assert settings["tier"] == "production" and settings["today"] == "2026-01-01"
    # node pools m6i c6i r6i g5, system nodes m6i, notebooks ml.t3, the model's ml.m5
    assert settings["allowed_families"] == ["c6i", "g5", "m5", "m6i", "r6i", "t3"]
    listed = environment.model_copy(update={"policy": Policy(allowed_instance_families=("m7g", "a1"))})
    assert allowed_families(listed) == ["a1", "m7g"]


def test_a_model_without_definition_has_none(environment: Environment, tmp_path: Any) -> None:
    subjects = model_subjects(environment, definitions=tmp_path)
    assert {name: subject["definition"] for name, subject in subjects.items()} == dict.fromkeys(environment.models)


def test_a_setting_of_no_rule_is_refused() -> None:
    known = [rule.name for rule in RULES]
    check_settings(Policy(rules={"aws-kms-rotated": RuleSetting(), "CKV_AWS_7": RuleSetting()}), known)
    with pytest.raises(InputError) as error:
        check_settings(Policy(rules={"aws-kms-rotate": RuleSetting()}), known, "environments/dev.yaml")
    assert (
        str(error.value) == "environments/dev.yaml: policy.rules.aws-kms-rotate: there is no rule of this id; did you mean aws-kms-rotated?"
    )


def waiver(**changed: Any) -> Waiver:
    given = {
        "rule": "aws-sqs-encrypted",
        "resource": "jobs-*",
        "reason": "Nothing secret is ever in these queues.",
        "owner": "a@example.com",
        "ticket": "T-1",
        "expires": "2026-01-01",
    }
    return Waiver.model_validate({**given, **changed})


@pytest.mark.parametrize(
    ("changed", "waived"),
    [
        ({}, ["jobs-*"]),
        ({"environments": ["prod"]}, ["jobs-*"]),
        ({"environments": ["dev"]}, []),
        ({"expires": "2025-12-31"}, []),
    ],
)
def test_the_engine_is_told_the_waivers_in_force(
    environment: Environment, settings: dict[str, Any], changed: dict[str, Any], waived: list[str]
) -> None:
    config = pack_config(RULES, environment, settings, [waiver(**changed)])
    assert config["aws-sqs-encrypted"]["waived"] == waived
    assert config["aws-sns-encrypted"]["waived"] == []


@pytest.mark.parametrize(("name", "messages"), [("jobs-failed", 0), ("other", 1)])
def test_a_waived_resource_is_not_reported(environment: Environment, settings: dict[str, Any], name: str, messages: int) -> None:
    rule = next(rule for rule in RULES if rule.name == "aws-sqs-encrypted")
    assert isinstance(rule, ResourceRule)
    config = pack_config(RULES, environment, settings, [waiver()])[rule.name]
    urn = f"urn:pulumi:prod::x::aws:sqs/queue:Queue::{name}"
    args = ResourceValidationArgs("aws:sqs/queue:Queue", dict(rule.header.disallowed), urn, name, OPTIONS, None, config)
    said: list[str] = []
    rule._judge(args, lambda message, _: said.append(message))
    assert len(said) == messages
