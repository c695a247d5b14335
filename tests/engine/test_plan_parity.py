"""The offline plan is the plan of the real Pulumi engine: for every environment and stack, before it is made and after.

The engine, its command, state, default providers and URNs are Pulumi's own. The language host and the providers are the tests'.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlctl.config import load_environments
from mlctl.plan.answers import answers_for
from mlctl.plan.model import StackPlan
from mlctl.plan.offline import Planner
from mlctl.plan.program import read_program
from mlctl.plan.read import read_plan
from tests.conftest import PlanOf
from tests.engine.engine_runs import EngineRuns
from tests.engine.fidelity import Fidelity
from tests.engine.plan_parity import differences
from tests.engine.pulumi_engine import PulumiEngine

ENVIRONMENTS = ("dev", "staging", "prod")
PROGRAMS = Path(__file__).with_name("programs")


def read(text: str, folder: Path, name: str) -> StackPlan:
    """What the engine wrote, by the project's own reader."""
    file = folder / f"{name}.json"
    file.write_text(text)
    [stack] = read_plan(file).stacks
    return stack


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_plan_is_the_engines_preview(
    engine_runs: EngineRuns, plan_of: PlanOf, environment: str, tmp_path: Path, fidelity: Fidelity
) -> None:
    run, lines, count = engine_runs.of(environment), [], 0
    for stack in plan_of(environment).stacks:
        engine = read(run.previews[stack.name].expect().out, tmp_path, stack.name)
        assert engine.errors == ()
        lines += differences(stack, engine, preview=True)
        count += len(stack.resources)
    fidelity.record("preview", count, lines)
    assert count > 100
    assert lines == []


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_plan_is_what_the_engine_made(
    engine_runs: EngineRuns, plan_of: PlanOf, environment: str, tmp_path: Path, fidelity: Fidelity
) -> None:
    run, lines, count = engine_runs.of(environment), [], 0
    for stack in plan_of(environment).stacks:
        run.updates[stack.name].expect()
        engine = read(run.exports[stack.name], tmp_path, stack.name)
        lines += differences(stack, engine, preview=False)
        count += len(stack.resources)
    fidelity.record("state", count, lines)
    assert lines == []


@pytest.mark.slow
def test_every_feature_of_the_sdk_is_planned_as_the_engine_plans_it(pulumi: Path, tmp_path: Path, fidelity: Fidelity) -> None:
    """Default providers, transforms, aliases, secrets, files, what is only read: what the stacks do not use."""
    engine = PulumiEngine(pulumi, tmp_path / "engine", "dev", PROGRAMS)
    [environment] = load_environments(engine.root / "environments", ["dev"])
    programs = [read_program(engine.root / "stacks" / name, "dev") for name in ("base", "features")]
    for stack in Planner(programs, answers={"dev": answers_for(environment)}, root=engine.root).run():
        assert stack.errors == ()
        engine.init(stack.name)
        lines = differences(stack, read(engine.preview(stack.name).expect().out, tmp_path, "preview"), preview=True)
        fidelity.record("preview", len(stack.resources), lines)
        engine.up(stack.name).expect()
        made = differences(stack, read(engine.export(stack.name), tmp_path, "export"), preview=False)
        fidelity.record("state", len(stack.resources), made)
        assert [*lines, *made] == []


def test_a_difference_is_found(plan_of: PlanOf) -> None:
    stack = plan_of("dev").stacks[0]
    assert differences(stack, stack, preview=True) == []
    known = next(item for item in stack.resources if item.type == "aws:cloudwatch/logGroup:LogGroup")
    gone = next(item for item in stack.resources if item.type == "aws:sns/topic:Topic")
    other = replace(known, inputs={**known.inputs, "retentionInDays": 1}, protect=True, provider="urn:other::1")
    changed = tuple(other if item is known else item for item in stack.resources if item is not gone)
    found = differences(stack, replace(stack, resources=changed, exports={}), preview=False)
    assert found[0] == f"only planned: {gone.urn}"
    assert {line.partition(": planned")[0].removeprefix(f"{known.urn} ") for line in found[1:4]} == {
        "inputs.retentionInDays",
        "protect",
        "provider",
    }
    assert {line.partition(": planned")[0] for line in found[4:]} == {f"foundation exports {name}" for name in stack.exports}
