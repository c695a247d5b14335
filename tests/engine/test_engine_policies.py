"""`pulumi preview --policy-pack policies/pack` by the real engine reports what the gate reports: the same rule, resource and enforcement.

On every environment as it is shipped, and on an environment whose programs break a resource for each of some fifty rules.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlctl.config import Environment, load_environments
from mlctl.finding import Status
from mlctl.plan.environment import Repository, plan_environments
from mlctl.plan.model import Plan
from tests.conftest import PlanOf
from tests.engine.engine_runs import EngineRuns, Judged, judged
from tests.engine.fidelity import Fidelity
from tests.engine.gate import BROKEN_ENVIRONMENT, TODAY, broken_resources, verdict, waivers_of
from tests.engine.pulumi_engine import BROKEN


def environment_of(repository: Repository, name: str) -> Environment:
    [environment] = load_environments(repository.environments, [name])
    return environment


def gate_says(repository: Repository, plan: Plan) -> Judged:
    found = verdict(repository, environment_of(repository, plan.environment), plan)
    said = Judged()
    for finding in waivers_of(repository).apply(found.findings, plan.environment, TODAY):
        if finding.status is Status.FAIL:
            said.violations.add((finding.id, finding.resource, found.rules[finding.id].enforcement.value))
        elif finding.status is Status.NOT_EVALUATED:
            said.not_run.add((finding.id, finding.resource))
    return said


def differences(gate: Judged, engine: Judged) -> list[str]:
    """What the engine says it could not judge, since it knows less than the gate, is no difference: see EXPLAINED in fidelity.py."""
    lines = [f"only the gate: {item}" for item in sorted(gate.violations - engine.violations) if not is_not_run(engine, *item[:2])]
    lines += [f"only the engine: {item}" for item in sorted(engine.violations - gate.violations)]
    lines += [f"not run in the gate only: {item}" for item in sorted(gate.not_run) if not is_not_run(engine, *item)]
    return lines


def is_not_run(engine: Judged, rule: str, urn: str) -> bool:
    """Of a rule over a stack the engine names the stack."""
    project = urn.split("::")[1] if "::" in urn else ""
    return any(name == rule and (own == urn or f"::{project}::pulumi:pulumi:Stack::" in own) for name, own in engine.not_run)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_engine_says_of_a_shipped_environment_what_the_gate_says(
    engine_runs: EngineRuns, repository: Repository, plan_of: PlanOf, name: str, fidelity: Fidelity
) -> None:
    run, plan = engine_runs.of(name), plan_of(name)
    engine = Judged()
    for preview in run.previews.values():
        engine.add(judged(preview.expect().events))
    found = differences(gate_says(repository, plan), engine)
    fidelity.record("engine policies", sum(1 for _ in plan.resources()), found)
    assert found == []
    assert engine.not_run, "the pack was not asked"


@pytest.mark.slow
def test_the_engine_refuses_what_the_gate_refuses(
    engine_runs: EngineRuns, repository: Repository, plan_of: PlanOf, fidelity: Fidelity
) -> None:
    run = engine_runs.of(BROKEN_ENVIRONMENT)
    breaks = broken_resources(repository, plan_of(BROKEN_ENVIRONMENT))
    broken = replace(repository, root=run.engine.root, stacks=run.engine.root / BROKEN)
    [plan] = plan_environments(broken, [environment_of(repository, BROKEN_ENVIRONMENT)])
    assert [error for stack in plan.stacks for error in stack.errors] == []
    engine = Judged()
    for stack, preview in run.broken.items():
        said = judged(preview.events)
        assert preview.status != 0 or not any(level == "mandatory" for *_, level in said.violations), f"{stack} may go on"
        engine.add(said)
    found = differences(gate_says(repository, plan), engine)
    noticed = {rule for rule, *_ in engine.violations} | {rule for rule, _ in engine.not_run}
    found += [f"the engine does not notice: {item.rule}, {item.what}" for item in breaks if item.rule not in noticed]
    fidelity.record("engine broken", len(breaks), found)
    assert len(breaks) >= 30
    assert found == []
