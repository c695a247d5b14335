"""Breaks one thing at a time in the planned environments and asks whether the rule that should notice does.

    .venv/bin/python -m bench.mutants

A breaker belongs to one rule: it takes a resource (or the settings of a model) that the rule judges and spoils exactly what the rule
demands. The mutant is caught where *that* rule fails on it. Models get a version, so that there is something to break. A rule whose
subject the environments do not have (a DynamoDB table) is tried on its own allowed sample.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from bench.breakers import BREAKERS, MODELS, Breaker
from mlctl.checks.discovery import SdkPolicy, find_rules
from mlctl.checks.judge import judge
from mlctl.checks.settings import rule_settings
from mlctl.checks.subjects import model_subjects
from mlctl.config import Environment, load_environments
from mlctl.finding import Status
from mlctl.plan.environment import Repository, plan_environments
from mlctl.plan.model import Plan, Resource, StackPlan
from mlctl.plan.variant import variant_of

TODAY = date(2026, 1, 31)
VERSIONS = (
    "models.credit-risk.version=3",
    "models.credit-risk.previous_version=2",
    "models.churn.version=2",
    "models.churn.previous_version=1",
)

SAMPLES = "samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One broken plan, or one broken model."""

    rule: str
    environment: str
    what: str
    plan: Plan
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What became of the mutants."""

    caught: int
    survivors: tuple[str, ...]
    per_rule: dict[str, int]

    @property
    def total(self) -> int:
        return self.caught + len(self.survivors)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the share caught and each survivor; 1 where one survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rule", help="only the mutants of this rule")
    options = parser.parse_args(arguments)
    repository = Repository.find()
    with variant_of(repository, (), VERSIONS) as variant:
        environments = load_environments(variant.environments)
        plans = plan_environments(variant, environments)
    score = run(plans, environments, repository.root, only=options.rule)
    print(f"{score.total} mutants of {len(score.per_rule)} rules, {score.caught} caught ({score.caught / max(score.total, 1):.1%})")
    for survivor in score.survivors:
        print(f"  survived: {survivor}")
    return 1 if score.survivors or not score.total else 0


def run(plans: Sequence[Plan], environments: Sequence[Environment], root: Path, *, only: str | None = None) -> Score:
    """Judge every mutant by its rule."""
    rules = {rule.name: rule for rule in find_rules(root / "policies")}
    survivors: list[str] = []
    per_rule = Counter[str]()
    subjects = {resource.type for plan in plans for resource in plan.resources()}
    samples = Plan(environment="sample", stacks=(sample_stack(list(rules.values()), subjects),))
    for plan, environment in [*zip(plans, environments, strict=False), (samples, environments[-1])]:
        settings = full_settings(environment, root)
        before = {name: _failures(plan, environment, rule, settings) for name, rule in rules.items()}
        for mutant in mutants(plan, environment, settings, only):
            per_rule[mutant.rule] += 1
            after = _failures(mutant.plan, environment, rules[mutant.rule], mutant.settings)
            if not after - before[mutant.rule]:
                survivors.append(f"{mutant.rule}: {mutant.environment}: {mutant.what}")
    return Score(caught=sum(per_rule.values()) - len(survivors), survivors=tuple(survivors), per_rule=dict(per_rule))


def full_settings(environment: Environment, root: Path) -> dict[str, Any]:
    """The settings with all the evidence that the environment asks for, so that what a breaker takes away is missed."""
    evidence = []
    for name, model in environment.models.items():
        common = {"model": name, "version": model.version, "verdict": "pass", "date": TODAY.isoformat()}
        evidence += [{**common, "kind": kind, "actor": "train"} for kind in environment.promotion.require]
        evidence += [{**common, "kind": "approval", "actor": f"person-{number}"} for number in range(environment.promotion.approvers)]
    subjects = model_subjects(environment, definitions=root / "ml" / "models", evidence=evidence)
    return rule_settings(environment, models=subjects, today=TODAY)


def sample_stack(rules: Sequence[SdkPolicy], present: Collection[str]) -> StackPlan:
    """The allowed samples of the rules whose types the environments have none of, as a stack."""
    resources: list[Resource] = []
    for rule in rules:
        header: Any = getattr(rule, "header", None)
        if header is not None and header.types and header.stack is None and not set(header.types) & set(present):
            resources += _sample_resources(rule.name, header)
    return StackPlan(name=SAMPLES, environment="sample", resources=tuple(resources))


def _sample_resources(rule: str, header: Any) -> list[Resource]:
    """A rule's allowed sample: one resource, or the parts of a stack with what they refer to."""
    if isinstance(header.allowed, Mapping):
        kind = header.allowed.get("@type", header.types[0])
        inputs = {key: value for key, value in header.allowed.items() if key != "@type"}
        return [Resource(urn=_sample_urn(rule, kind, "sample"), type=kind, name=f"{rule}-sample", inputs=inputs)]
    urns = {part.name: _sample_urn(rule, part.type, part.name) for part in header.allowed}
    return [
        Resource(
            urn=urns[part.name],
            type=part.type,
            name=f"{rule}-{part.name}",
            inputs=part.props,
            property_dependencies={key: tuple(urns[name] for name in names) for key, names in part.refers.items()},
        )
        for part in header.allowed
    ]


def _sample_urn(rule: str, kind: str, name: str) -> str:
    return f"urn:pulumi:sample::samples::{kind}::{rule}-{name}"


def mutants(plan: Plan, environment: Environment, settings: dict[str, Any], only: str | None = None) -> Iterator[Mutant]:
    """Every breaker on everything it fits."""
    for breaker in BREAKERS:
        if only in (None, breaker.rule) and (not breaker.tiers or environment.tier in breaker.tiers):
            for what, broken in _broken_plans(plan, breaker, settings):
                yield Mutant(rule=breaker.rule, environment=plan.environment, what=what, plan=broken, settings=settings)
    for model_breaker in MODELS if plan.environment == environment.name else ():
        if only not in (None, model_breaker.rule):
            continue
        for name, what, changed in model_breaker.apply(settings):
            yield Mutant(rule=model_breaker.rule, environment=environment.name, what=f"{name}: {what}", plan=plan, settings=changed)


def _broken_plans(plan: Plan, breaker: Breaker, settings: dict[str, Any]) -> Iterator[tuple[str, Plan]]:
    for stack in plan.stacks:
        for resource in stack.resources:
            if not breaker.fits(resource, stack, settings):
                continue
            if stack.name == SAMPLES and not resource.name.startswith(f"{breaker.rule}-"):
                continue  # another rule's sample says nothing about this one
            for what, changed in breaker.apply(resource):
                yield f"{resource.name}: {what}", replace(plan, stacks=(_with(stack, resource, changed),))


def _with(stack: StackPlan, resource: Resource, changed: Resource | None) -> StackPlan:
    """The stack with one resource changed, or taken out."""
    kept = tuple(changed if item.urn == resource.urn else item for item in stack.resources)
    return replace(stack, resources=tuple(item for item in kept if item is not None))


def _failures(plan: Plan, environment: Environment, rule: SdkPolicy, settings: dict[str, Any]) -> set[tuple[str, str]]:
    """(resource, message) of each failure of one rule."""
    found = judge(plan, environment, [rule], settings).findings
    return {(finding.resource, finding.message) for finding in found if finding.status is Status.FAIL}


if __name__ == "__main__":
    sys.exit(main())
