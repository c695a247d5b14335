"""The policy pack, served to an engine, says what the gate says: on the shipped environments and on every rule's own samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from mlctl.checks.discovery import SdkPolicy, find_rules
from mlctl.checks.judge import judge
from mlctl.checks.pack import pack_config
from mlctl.checks.settings import rule_settings
from mlctl.checks.subjects import model_subjects
from mlctl.config import Environment, load_environments
from mlctl.evidence.log import read_records
from mlctl.finding import Enforcement, Status
from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan, Resource, StackPlan
from policies.rule import ModelRule, Part, ResourceRule, Rule, StackRule
from policies.sample import SETTINGS, urn
from tests.conftest import PlanOf
from tests.engine.fidelity import Fidelity
from tests.engine.pack_server import PackServer, Said

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def pack(repository: Repository) -> Iterator[PackServer]:
    with PackServer(repository.root / "policies" / "pack") as server:
        yield server


@pytest.fixture(scope="module")
def rules(repository: Repository) -> list[SdkPolicy]:
    return find_rules(repository.root / "policies")


@pytest.fixture(scope="module")
def environments(repository: Repository) -> dict[str, Environment]:
    return {environment.name: environment for environment in load_environments(repository.environments)}


def gate_says(plan: Plan, environment: Environment, rules: Sequence[SdkPolicy], settings: Mapping[str, Any]) -> Said:
    """The gate's verdict in the pack's words. The engine names a stack, not a resource, where a rule over the stack met an unknown."""
    verdict = judge(plan, environment, rules, settings)
    said = Said()
    over_resources = {rule.name for rule in rules if isinstance(rule, ResourceRule)}
    for finding in verdict.findings:
        if finding.status is Status.FAIL:
            level = verdict.rules[finding.id].enforcement.value
            said.violations.add((finding.id, finding.resource, finding.message, level))
        elif finding.status is Status.NOT_EVALUATED:
            said.not_run.add((finding.id, finding.resource if finding.id in over_resources else str(finding.stack)))
    return said


def pack_says(pack: PackServer, plan: Plan) -> Said:
    said = Said()
    for stack in plan.stacks:
        of_stack = pack.judge(stack.name, stack.resources)
        said.violations |= of_stack.violations
        said.not_run |= of_stack.not_run
    return said


def differences(gate: Said, pack: Said) -> list[str]:
    lines = [f"only the gate: {item}" for item in sorted(gate.violations - pack.violations)]
    lines += [f"only the pack: {item}" for item in sorted(pack.violations - gate.violations)]
    lines += [f"not run in the gate only: {item}" for item in sorted(gate.not_run - pack.not_run)]
    lines += [f"not run in the pack only: {item}" for item in sorted(pack.not_run - gate.not_run)]
    return lines


def test_the_pack_has_the_rules_of_the_gate(pack: PackServer, rules: list[SdkPolicy]) -> None:
    assert set(pack.rules) == {rule.name for rule in rules}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_both_say_the_same_of_the_shipped_environments(
    pack: PackServer,
    rules: list[SdkPolicy],
    environments: dict[str, Environment],
    repository: Repository,
    plan_of: PlanOf,
    name: str,
    fidelity: Fidelity,
) -> None:
    plan, environment = plan_of(name), environments[name]
    models = model_subjects(environment, definitions=repository.root / "ml" / "models", evidence=read_records(repository.root / "evidence"))
    settings = rule_settings(environment, models=models, today=TODAY)
    pack.configure(pack_config(rules, environment, settings))
    gate, served = gate_says(plan, environment, rules, settings), pack_says(pack, plan)
    found = differences(gate, served)
    fidelity.record("pack", sum(1 for _ in plan.resources()), found)
    assert found == []


def test_both_say_the_same_of_every_disallowed_sample(
    pack: PackServer, rules: list[SdkPolicy], environments: dict[str, Environment], fidelity: Fidelity
) -> None:
    environment, found, count = environments["prod"], [], 0
    for rule in (rule for rule in rules if isinstance(rule, Rule)):
        plan, settings = sample_plan(rule), sample_settings(rule)
        alone = {item.name: {"enforcementLevel": "disabled"} for item in rules}
        pack.configure({**alone, rule.name: {"enforcementLevel": level(rule, environment), "environment": settings}})
        gate, served = gate_says(plan, environment, [rule], settings), pack_says(pack, plan)
        found += [f"sample of {rule.name}: {line}" for line in differences(gate, served)]
        if level(rule, environment) != "disabled" and rule.name not in {violation[0] for violation in served.violations}:
            found.append(f"sample of {rule.name}: the pack lets it pass")
        count += 1
    fidelity.record("pack samples", count, found)
    assert count >= 30
    assert found == []


def test_a_pack_without_configuration_lets_nothing_pass(repository: Repository) -> None:
    key = Resource(
        urn=urn("aws:kms/key:Key", "data", "foundation"), type="aws:kms/key:Key", name="data", inputs={"enableKeyRotation": True}
    )
    with PackServer(repository.root / "policies" / "pack") as server:
        said = server.judge("foundation", [key])
    assert ("aws-kms-rotated", key.urn, "mandatory") in {(rule, judged, level) for rule, judged, _, level in said.violations}


def level(rule: SdkPolicy, environment: Environment) -> str:
    """The enforcement that this environment gives the rule."""
    enforcement: Enforcement = judge(EMPTY, environment, [rule], SETTINGS).rules[rule.name].enforcement
    return enforcement.value


EMPTY = Plan(environment="prod", stacks=())


def sample_settings(rule: Rule) -> dict[str, Any]:
    settings = {**SETTINGS, **rule.header.sample_settings}
    if isinstance(rule, ModelRule):
        settings["models"] = {"sample": rule.header.disallowed}
    elif isinstance(rule, StackRule) and isinstance(rule.header.disallowed, Mapping):
        settings |= rule.header.disallowed
    return settings


def sample_plan(rule: Rule) -> Plan:
    """The rule's disallowed sample as a plan of one stack."""
    project, sample = rule.header.stack or "sample", rule.header.disallowed
    if isinstance(rule, ResourceRule):
        kind = sample.get("@type", rule.header.types[0])
        parts = [Part(type=kind, name="sample", props={key: value for key, value in sample.items() if key != "@type"})]
    else:
        parts = [] if isinstance(sample, Mapping) else list(sample)
    parts = parts or [Part(type="pulumi:pulumi:Stack", name="sample")]
    urns = {part.name: urn(part.type, part.name, project) for part in parts}
    resources = tuple(
        Resource(
            urn=urns[part.name],
            type=part.type,
            name=part.name,
            inputs=part.props,
            property_dependencies={key: tuple(urns[name] for name in names) for key, names in part.refers.items()},
        )
        for part in parts
    )
    return Plan(environment="prod", stacks=(StackPlan(name=project, environment="prod", resources=resources),))
