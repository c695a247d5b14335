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
from google.protobuf.struct_pb2 import Struct

from mlctl.config import load_environments
from mlctl.config.program import FOLDER_VARIABLE
from mlctl.plan.answers import Answers, answers_for
from mlctl.plan.environment import Repository
from mlctl.plan.model import Resource, StackPlan
from mlctl.plan.offline import Planner
from mlctl.plan.program import Program, read_program
from tests.conftest import PlanOf
from tests.engine.fidelity import Fidelity
from tests.engine.wire_recorder import Recorded, WireRecorder

ROOT = Path(__file__).parents[2]
HOST = Path(__file__).with_name("program_host.py")
PROGRAMS = Path(__file__).with_name("programs")
ENVIRONMENTS = ("dev", "staging", "prod")


def over_the_wire(program: Program, answers: Answers, exports: Mapping[str, Struct], folder: Path, **variables: str) -> Recorded:
    """What the program says to the other end of the protocol. `exports` are those of the stacks it reads, by `project/stack`."""
    with WireRecorder(program.project, program.stack, answers, exports) as recorder:
        settings = {
            "monitor": recorder.address,
            "engine": recorder.address,
            "project": program.project,
            "stack": program.stack,
            "config": dict(program.config),
            "entry": str(program.entry),
        }
        (folder / "settings.json").write_text(json.dumps(settings))
        command = [sys.executable, str(HOST), str(folder / "settings.json")]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
        done = subprocess.run(command, cwd=program.folder, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return recorder.recorded


def planned(resource: Resource) -> dict[str, Any]:
    """A resource of the plan in the words of a registration."""
    made_by_the_planner = f"::pulumi:providers:{resource.package}::default" in (resource.provider or "")
    read = {
        "type": resource.type,
        "name": resource.name,
        "parent": resource.parent or "",
        "provider": "" if made_by_the_planner else resource.provider or "",
        "dependencies": sorted(resource.dependencies),
        "inputs": dict(resource.inputs),
    }
    if resource.external:
        return read
    return {
        **read,
        "custom": resource.custom,
        "property_dependencies": {key: sorted(urns) for key, urns in resource.property_dependencies.items()},
        "protect": resource.protect,
        "retain_on_delete": resource.retain_on_delete,
        "delete_before_replace": resource.delete_before_replace,
        "ignore_changes": sorted(resource.ignore_changes),
        "aliases": sorted(resource.aliases),
    }


def compare(stack: StackPlan, recorded: Recorded) -> list[str]:
    """One line for each thing that differs."""
    ours = {item.urn: planned(item) for item in stack.resources if not is_default_provider(item)}
    theirs = recorded.registrations
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
    plan = plan_of(environment)
    [given] = load_environments(repository.environments, [environment])
    exports: dict[str, Struct] = {}
    differences: list[str] = []
    for stack in plan.stacks:
        assert stack.status == "planned", stack.errors
        program = read_program(repository.stacks / stack.name, environment)
        variables = {FOLDER_VARIABLE: str(repository.environments)}
        recorded = over_the_wire(program, answers_for(given), exports, tmp_path, **variables)
        exports[f"{stack.name}/{environment}"] = recorded.exported
        differences += compare(stack, recorded)
    count = sum(1 for resource in plan.resources() if not is_default_provider(resource))
    assert count > 100
    fidelity.record("registrations", count, differences)
    assert differences == []


def test_every_feature_of_the_sdk_is_planned_as_it_is_registered(tmp_path: Path, fidelity: Fidelity) -> None:
    programs = [read_program(PROGRAMS / name, "dev") for name in ("base", "features")]
    answers = Answers(account="111111111111", region="eu-west-1", zones=("eu-west-1a",))
    stacks = Planner(programs, answers={"dev": answers}, root=ROOT).run()
    exports: dict[str, Struct] = {}
    differences: list[str] = []
    for stack, program in zip(stacks, programs, strict=True):
        assert stack.errors == ()
        recorded = over_the_wire(program, answers, exports, tmp_path)
        exports[f"{program.project}/dev"] = recorded.exported
        differences += compare(stack, recorded)
    fidelity.record("registrations", sum(len(stack.resources) for stack in stacks), differences)
    assert differences == []
    assert recorded.registrations["urn:pulumi:dev::features::aws:sqs/queue:Queue::queue"] == QUEUE
    assert recorded.exports["secret"] == "[secret]"


QUEUE = {
    "type": "aws:sqs/queue:Queue",
    "name": "queue",
    "parent": "urn:pulumi:dev::features::pulumi:pulumi:Stack::features-dev",
    "provider": "",
    "dependencies": [
        "urn:pulumi:dev::features::pulumi:pulumi:StackReference::organization/base/dev",
        "urn:pulumi:dev::features::test:index:Outer$test:index:Inner$aws:s3/bucket:Bucket::outer-inner-bucket",
    ],
    "inputs": {
        "delaySeconds": 30,  # by its own transform
        "kmsMasterKeyId": "<<aws:kms/key:Key|data|arn>>",
        "tags": {"from": "the stack"},  # by the stack's transform
        "visibilityTimeoutSeconds": 45,
    },
    "custom": True,
    "property_dependencies": {},
    "protect": True,
    "retain_on_delete": True,
    "delete_before_replace": True,
    "ignore_changes": ["delaySeconds", "tags"],
    "aliases": [
        "urn:pulumi:dev::features::aws:sqs/queue:Queue::former",
        "urn:pulumi:dev::features::test:index:Outer$aws:sqs/queue:Queue::queue",
        "urn:pulumi:dev::old::aws:sqs/queue:Queue::queue",
    ],
}
"""Written by hand from the program."""


def test_a_difference_is_found(plan_of: PlanOf) -> None:
    stack = plan_of("dev").stacks[0]
    recorded = Recorded({item.urn: planned(item) for item in stack.resources if not is_default_provider(item)})
    recorded.exported.update(stack.exports)
    assert compare(stack, recorded) == []
    changed = next(urn for urn, said in recorded.registrations.items() if said.get("inputs"))
    recorded.registrations[changed]["inputs"] = {"other": 1}
    gone = next(urn for urn in recorded.registrations if urn != changed)
    del recorded.registrations[gone]
    lines = compare(stack, recorded)
    assert lines[0] == f"only planned: {gone}"
    assert lines[1].startswith(f"{changed} inputs: planned ")
    assert len(lines) == 2
