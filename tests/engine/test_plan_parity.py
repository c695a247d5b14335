"""The offline plan is the plan of the real Pulumi engine: for every environment and stack, before it is made and after.

The engine, its command, state, default providers and URNs are Pulumi's own. The language host and the providers are the tests'.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mlctl.plan.model import StackPlan
from mlctl.plan.read import read_plan
from tests.conftest import PlanOf
from tests.engine.engine_runs import EngineRuns
from tests.engine.fidelity import Fidelity
from tests.engine.plan_parity import differences

ENVIRONMENTS = ("dev", "staging", "prod")


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
