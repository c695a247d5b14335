"""The offline plan is what the program says over Pulumi's real protocol.

The planner runs a program in-process on the SDK's mocks. Here the same program runs as the language host runs it, in a process of its own,
and speaks gRPC to a server that has every feature the SDK knows of. What it registers there must be what the planner recorded.
This shows that mocks distort nothing. It does not show what the engine and the providers make of it afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlctl.config import load_environments
from mlctl.config.program import FOLDER_VARIABLE
from mlctl.plan.answers import answers_for
from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan, Resource, StackPlan
from mlctl.plan.program import read_program
from tests.conftest import PlanOf
from tests.engine.fidelity import Fidelity
from tests.engine.wire_recorder import Recorded, WireRecorder

HOST = Path(__file__).with_name("program_host.py")
ENVIRONMENTS = ("dev", "staging", "prod")


def over_the_wire(repository: Repository, stack: StackPlan, exports: Mapping[str, Mapping[str, Any]], folder: Path) -> Recorded:
    """What the stack's program says to the other end of the protocol."""
    (environment,) = (item for item in load_environments(repository.environments) if item.name == stack.environment)
    program = read_program(repository.stacks / stack.name, stack.environment)
    with WireRecorder(program.project, program.stack, answers_for(environment), exports) as recorder:
        settings = {
            "address": recorder.address,
            "project": program.project,
            "stack": program.stack,
            "config": dict(program.config),
            "entry": str(program.entry),
        }
        (folder / "settings.json").write_text(json.dumps(settings))
        variables = {**os.environ, FOLDER_VARIABLE: str(repository.environments), "PYTHONPATH": str(repository.root)}
        command = [sys.executable, str(HOST), str(folder / "settings.json")]
        done = subprocess.run(command, cwd=program.folder, env=variables, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return recorder.recorded


def planned(resource: Resource) -> dict[str, Any]:
    """A resource of the plan in the words of a registration."""
    if resource.external:
        return {"type": resource.type, "name": resource.name, "parent": resource.parent or ""}
    made_by_the_planner = f"::pulumi:providers:{resource.package}::default" in (resource.provider or "")
    return {
        "type": resource.type,
        "name": resource.name,
        "custom": resource.custom,
        "parent": resource.parent or "",
        "provider": "" if made_by_the_planner else resource.provider or "",
        "dependencies": sorted(resource.dependencies),
        "property_dependencies": {key: sorted(urns) for key, urns in resource.property_dependencies.items()},
        "protect": resource.protect,
        "retain_on_delete": resource.retain_on_delete,
        "delete_before_replace": resource.delete_before_replace,
        "ignore_changes": sorted(resource.ignore_changes),
        "inputs": dict(resource.inputs),
    }


def compare(stack: StackPlan, recorded: Recorded) -> list[str]:
    """One line for each thing that differs."""
    ours = {item.urn: planned(item) for item in stack.resources if not is_default_provider(item)}
    theirs = {urn: {key: value for key, value in said.items() if key != "read"} for urn, said in recorded.registrations.items()}
    lines = [f"only planned: {urn}" for urn in sorted(ours.keys() - theirs.keys())]
    lines += [f"only registered: {urn}" for urn in sorted(theirs.keys() - ours.keys())]
    for urn in sorted(ours.keys() & theirs.keys()):
        for key in sorted(ours[urn].keys() | theirs[urn].keys()):
            if ours[urn].get(key) != theirs[urn].get(key):
                lines.append(f"{urn} {key}: planned {ours[urn].get(key)!r}, registered {theirs[urn].get(key)!r}")
    if dict(stack.exports) != recorded.exports:
        lines.append(f"exports: planned {sorted(stack.exports)}, registered {sorted(recorded.exports)}")
    return lines


def is_default_provider(resource: Resource) -> bool:
    return resource.type.startswith("pulumi:providers:") and resource.name.startswith("default")


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_plan_is_what_its_programs_register(
    repository: Repository, plan_of: PlanOf, environment: str, tmp_path: Path, fidelity: Fidelity
) -> None:
    plan: Plan = plan_of(environment)
    exports: dict[str, Mapping[str, Any]] = {}
    differences: list[str] = []
    for stack in plan.stacks:
        assert stack.status == "planned", stack.errors
        recorded = over_the_wire(repository, stack, exports, tmp_path)
        exports[f"{stack.name}/{environment}"] = recorded.exports
        differences += compare(stack, recorded)
    count = sum(1 for resource in plan.resources() if not is_default_provider(resource))
    assert count > 100
    fidelity.record("registrations", count, differences)
    assert differences == []


def test_a_difference_is_found(plan_of: PlanOf) -> None:
    stack = plan_of("dev").stacks[0]
    recorded = Recorded({item.urn: planned(item) for item in stack.resources if not is_default_provider(item)}, dict(stack.exports))
    assert compare(stack, recorded) == []
    changed = next(urn for urn, said in recorded.registrations.items() if said.get("inputs"))
    recorded.registrations[changed]["inputs"] = {"other": 1}
    gone = next(urn for urn in recorded.registrations if urn != changed)
    del recorded.registrations[gone]
    lines = compare(stack, recorded)
    assert lines[0] == f"only planned: {gone}"
    assert lines[1].startswith(f"{changed} inputs: planned ")
    assert len(lines) == 2
