"""The planner's verdict on inputs is that of a second reading of the SDKs, and what it refuses of Kubernetes the API server refuses too."""

from __future__ import annotations

import random
from typing import Any

import pytest

from mlctl.plan.model import Plan, Resource
from mlctl.plan.schema import load, package_of, validate
from tests.conftest import PlanOf
from tests.engine import sdk_reader
from tests.engine.api_server import ApiServer
from tests.engine.fidelity import Fidelity
from tests.engine.manifests import filled, objects
from tests.engine.spoil import Spoilt, spoil

ACCEPTED_BY_THE_SERVER = {("kubernetes:scheduling.k8s.io/v1:PriorityClass", "value", "missing")}
"""What the schema, and so the planner, refuses although the API server does not: type, path, kind. See EXPLAINED in fidelity.py."""
SPOILT = 400
"""How many wrong inputs each comparison makes."""


def known(resource: Resource) -> bool:
    catalogue = load(package_of(resource.type))
    return not resource.type.startswith("pulumi:") and catalogue is not None and catalogue.inputs(resource.type) is not None


def verdict(token: str, inputs: dict[str, Any]) -> set[tuple[str, str]]:
    return {(problem.path, problem.kind) for problem in validate(token, inputs)}


def spoilt(resources: list[Resource]) -> list[Spoilt]:
    """The same wrong inputs in every run, over as many resource types as there are."""
    chance = random.Random(20261120)
    by_type: dict[str, list[Resource]] = {}
    for resource in resources:
        if resource.inputs:
            by_type.setdefault(resource.type, []).append(resource)
    tokens = sorted(by_type)
    found: list[Spoilt] = []
    while len(found) < SPOILT:
        resource = chance.choice(by_type[tokens[len(found) % len(tokens)]])
        wrong = spoil(resource.type, filled(resource.inputs), chance)
        if wrong is not None:
            found.append(wrong)
    return found


@pytest.fixture(scope="module")
def plans(plan_of: PlanOf) -> list[Plan]:
    return [plan_of(name) for name in ("dev", "staging", "prod")]


def test_right_inputs_are_right_to_both(plans: list[Plan], fidelity: Fidelity) -> None:
    resources = [resource for plan in plans for resource in plan.resources() if known(resource)]
    differences = []
    for resource in resources:
        inputs = filled(resource.inputs)
        ours, theirs = verdict(resource.type, inputs), sdk_reader.problems(resource.type, inputs)
        if ours or theirs:
            differences.append(f"{resource.urn}: planner {sorted(ours)}, SDK {sorted(theirs)}")
    fidelity.record("inputs", len(resources), differences)
    assert len({resource.type for resource in resources}) > 40
    assert differences == []


def test_wrong_inputs_are_wrong_to_both_for_the_same_reason(plans: list[Plan], fidelity: Fidelity) -> None:
    wrong = spoilt([resource for plan in plans for resource in plan.resources() if known(resource)])
    differences, refused = [], 0
    for item in wrong:
        ours, theirs = verdict(item.token, item.inputs), sdk_reader.problems(item.token, item.inputs)
        refused += bool(theirs)
        if ours != theirs:
            differences.append(f"{item.token} {item.change}: planner {sorted(ours)}, SDK {sorted(theirs)}")
    fidelity.record("generated inputs", len(wrong), differences)
    assert refused >= 200
    assert differences == []


@pytest.mark.engine
@pytest.mark.usefixtures("crds")
def test_what_the_planner_refuses_the_api_server_refuses(api_server: ApiServer, plans: list[Plan], fidelity: Fidelity) -> None:
    wrong = spoilt([resource for plan in plans for resource in objects(plan) if known(resource)])
    differences, refused = [], 0
    for item in wrong:
        ours = {problem for problem in verdict(item.token, item.inputs) if (item.token, *problem) not in ACCEPTED_BY_THE_SERVER}
        if not ours:
            continue  # the server knows more than types and names: it may refuse what the planner accepts
        refused += 1
        if api_server.dry_run(in_default_namespace(item.inputs)).accepted:
            differences.append(f"{item.token} {item.change}: planner {sorted(ours)}, API server accepts")
    fidelity.record("generated objects", refused, differences)
    assert refused > 100
    assert differences == []


def in_default_namespace(manifest: dict[str, Any]) -> dict[str, Any]:
    """The same object where there is surely a namespace; a namespace that is no text is part of what is wrong."""
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("namespace"), str):
        return manifest
    return {**manifest, "metadata": {**metadata, "namespace": "default"}}
