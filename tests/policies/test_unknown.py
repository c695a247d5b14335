"""Every rule, called as the engine calls it, with each property of its samples unknown: no wrong pass, no crash."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from mlctl.checks.discovery import find_rules
from mlctl.plan.environment import Repository
from policies.rule import RULE_TYPES, ModelRule, Part, RelationRule, ResourceRule, Rule, StackRule
from policies.sample import violations

RULES: list[Rule] = [rule for rule in find_rules(Repository.find().root / "policies") if isinstance(rule, RULE_TYPES)]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))


def with_unknown(sample: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    changed: Any = copy.deepcopy(sample)
    target = changed
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = UNKNOWN_STRING_VALUE
    return dict(changed)


def cases() -> Iterator[Any]:
    for rule in RULES:
        if isinstance(rule, ResourceRule):
            for path in leaves(dict(rule.header.allowed)):
                if path[0] != "@type":
                    yield pytest.param(rule, path, id=f"{rule.name}:{'.'.join(map(str, path))}")


@pytest.mark.parametrize(("rule", "path"), list(cases()))
def test_an_unknown_in_the_allowed_sample_never_fails_it(rule: ResourceRule, path: tuple[Any, ...]) -> None:
    """Good inputs with one value unknown: passes where only presence matters, else *not evaluated*; never a violation, never a crash."""
    sample = with_unknown(dict(rule.header.allowed), path)
    try:
        assert violations(rule, sample) == []
    except UnknownValueError as error:
        assert error.props == [str(part) for part in path][: len(error.props)]


def spoiled_cases() -> Iterator[Any]:
    for rule in RULES:
        if isinstance(rule, ResourceRule):
            for path in leaves(dict(rule.header.disallowed)):
                if path[0] != "@type":
                    yield pytest.param(rule, path, id=f"{rule.name}:{'.'.join(map(str, path))}")


@pytest.mark.parametrize(("rule", "path"), list(spoiled_cases()))
def test_an_unknown_in_the_disallowed_sample_says_so_or_fails(rule: ResourceRule, path: tuple[Any, ...]) -> None:
    """Bad inputs with one value unknown: a violation or *not evaluated*. It passes where only presence matters."""
    sample = with_unknown(dict(rule.header.disallowed), path)
    try:
        found = violations(rule, sample)
    except UnknownValueError as error:
        assert error.props
        return
    assert found or _only_presence_matters(rule, path)


def _only_presence_matters(rule: ResourceRule, path: tuple[Any, ...]) -> bool:
    """Whether the unknown value makes the sample a good one, whatever it turns out to be."""
    sample = with_unknown(dict(rule.header.disallowed), path)
    target: Any = sample
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = "any-text-at-all"
    return violations(rule, sample) == [] or rule.name == "inputs-secret-free"


def parts_cases() -> Iterator[Any]:
    for rule in RULES:
        if isinstance(rule, (RelationRule, StackRule)) and not isinstance(rule.header.allowed, dict):
            for index, part in enumerate(rule.header.allowed):
                for path in leaves(dict(part.props)):
                    yield pytest.param(rule, index, path, id=f"{rule.name}:{part.name}:{'.'.join(map(str, path))}")


@pytest.mark.parametrize(("rule", "index", "path"), list(parts_cases()))
def test_an_unknown_in_a_stack_is_never_a_crash(rule: RelationRule, index: int, path: tuple[Any, ...]) -> None:
    """A stack with one value unknown: it is judged, or says on which resource it could not be."""
    parts: list[Part] = list(rule.header.allowed)
    parts[index] = replace(parts[index], props=with_unknown(dict(parts[index].props), path))
    try:
        violations(rule, tuple(parts))
    except UnknownValueError as error:
        if isinstance(rule, RelationRule):
            assert all(urn.startswith("urn:pulumi:") and text for urn, text in error.unknowns)  # type: ignore[attr-defined]


def test_models_come_without_unknowns() -> None:
    """A model rule reads the configuration, which has no unknowns: there is nothing to wrap."""
    assert all(not rule.header.types for rule in RULES if isinstance(rule, ModelRule))


ON_A_CLUSTER = [
    rule
    for rule in RULES
    if isinstance(rule, RelationRule | StackRule)
    and not isinstance(rule.header.disallowed, dict)
    and any(part.type.startswith("kubernetes:") for part in rule.header.disallowed)
]


@pytest.mark.parametrize("rule", ON_A_CLUSTER, ids=lambda rule: rule.name)
def test_a_cluster_of_which_nothing_is_known_is_never_a_pass(rule: RelationRule | StackRule) -> None:
    """The engine shows the objects of a cluster that is still to be made without a property."""
    bare = [replace(part, props={}) if part.type.startswith("kubernetes:") else part for part in rule.header.disallowed]
    with pytest.raises(UnknownValueError):
        violations(rule, bare)
