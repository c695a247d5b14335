"""Every rule lets its allowed sample pass and stops its disallowed one; nothing is left out of the list."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest
from pulumi_policy import ResourceValidationArgs, StackValidationArgs

import policies.rule
from policies.rule import RULE_TYPES, UNCONFIGURED, ModelRule, ResourceRule, Rule
from policies.sample import OPTIONS, resource_arguments, stack_resources, violations

FOLDER = Path(policies.rule.__file__).parent
HELPERS = {
    "documents",
    "local_disk",
    "property",
    "rule",
    "sample",
    "settings",
    "stack",
    "serverless",
    "evidence",
    "pods",
    "pools",
    "instances",
    "tags",
}


def rules() -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for path in sorted(FOLDER.rglob("*.py")):
        parts = path.relative_to(FOLDER.parent).with_suffix("").parts
        if "pack" in parts:
            continue
        module = importlib.import_module(".".join(parts))
        found[".".join(parts)] = [value for value in vars(module).values() if isinstance(value, RULE_TYPES)]
    return found


RULES = rules()
ALL = [rule for found in RULES.values() for rule in found]


def test_each_file_holds_one_rule() -> None:
    assert {name for name, found in RULES.items() if len(found) != 1} == {name for name in RULES if name.rpartition(".")[2] in HELPERS}


def test_ids_are_unique() -> None:
    assert len({rule.name for rule in ALL}) == len(ALL) >= 60


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_allowed_sample_passes(rule: Rule) -> None:
    assert violations(rule, rule.header.allowed) == []


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_disallowed_sample_fails(rule: Rule) -> None:
    found = violations(rule, rule.header.disallowed)
    assert found
    assert UNCONFIGURED not in found


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_without_configuration_every_rule_fails_closed(rule: Rule) -> None:
    found: list[str] = []

    def report(message: str, _urn: str | None = None) -> None:
        found.append(message)

    if isinstance(rule, ResourceRule):
        args = resource_arguments(rule, {"@type": rule.header.types[0]}, {})
        rule.validate(args, report)
    else:
        rule.validate(StackValidationArgs(stack_resources((), "sample"), {}), report)
    assert found == [UNCONFIGURED]


@pytest.mark.parametrize("rule", [rule for rule in ALL if isinstance(rule, ResourceRule)], ids=lambda rule: rule.name)
def test_other_types_are_left_alone(rule: ResourceRule) -> None:
    found: list[str] = []
    args = ResourceValidationArgs("random:index/randomId:RandomId", {}, "urn", "x", OPTIONS, None, None)

    def report(message: str, _urn: str | None = None) -> None:
        found.append(message)

    rule.validate(args, report)
    assert found == []


def test_every_rule_says_what_to_do() -> None:
    for rule in ALL:
        header = rule.header
        assert header.why.endswith(".") and header.remediation.endswith((".", ")")), rule.name
        assert header.title and not header.title.endswith("."), rule.name
        assert header.types or isinstance(rule, ModelRule) or header.stack == "finops", rule.name
        assert inspect.isgeneratorfunction(rule._predicate), rule.name
