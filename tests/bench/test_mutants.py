"""The mutation generator finds what it should, and would notice a rule that sleeps."""

from __future__ import annotations

from typing import Any

import pytest

from bench.breakers import BREAKERS, MODELS
from bench.mutants import SAMPLES, full_settings, mutants, run, sample_stack
from mlctl.checks.discovery import find_rules
from mlctl.config import load_environments
from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan

ROOT = Repository.find().root
RULES = find_rules(ROOT / "policies")


@pytest.fixture(scope="module")
def samples() -> Plan:
    return Plan(environment="sample", stacks=(sample_stack(RULES, ()),))


def test_every_rule_is_broken_in_some_way() -> None:
    assert {rule.name for rule in RULES} == {breaker.rule for breaker in (*BREAKERS, *MODELS)}


@pytest.mark.parametrize(
    "rule",
    [
        "aws-dynamodb-own-key",
        "aws-dynamodb-recoverable",
        "aws-lb-tls",
        "aws-s3-public-access-blocked",
        "aws-sagemaker-domain-private",
        "kubernetes-disruption-bounded",
        "kubernetes-not-privileged",
        "kubernetes-secret-referenced",
    ],
)
def test_every_mutant_of_a_sample_is_caught(rule: str) -> None:
    [environment] = load_environments(ROOT / "environments", ["prod"])
    score = run([], [environment], ROOT, only=rule)
    assert score.survivors == () and score.total > 0


def test_a_sleeping_rule_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    [environment] = load_environments(ROOT / "environments", ["prod"])
    rule: Any = next(rule for rule in RULES if rule.name == "aws-sqs-encrypted")
    monkeypatch.setattr(rule, "_predicate", lambda _args: iter(()))
    score = run([], [environment], ROOT, only="aws-sqs-encrypted")
    assert score.caught == 0 and len(score.survivors) == score.total > 0


def test_a_mutant_differs_in_one_resource(samples: Plan) -> None:
    [environment] = load_environments(ROOT / "environments", ["prod"])
    before = {resource.urn: resource for resource in samples.stacks[0].resources}
    for mutant in mutants(samples, environment, full_settings(environment, ROOT), "aws-kms-rotated"):
        [stack] = mutant.plan.stacks
        assert stack.name == SAMPLES
        assert len([urn for urn, resource in before.items() if resource not in stack.resources]) == 1


def test_the_settings_have_all_the_evidence_there_should_be() -> None:
    [environment] = load_environments(ROOT / "environments", ["prod"])
    settings = full_settings(environment, ROOT)
    for model in settings["models"].values():
        assert {record["kind"] for record in model["evidence"]} == {*environment.promotion.require, "approval"}
