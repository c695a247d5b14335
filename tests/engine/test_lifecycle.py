"""One environment from its first deployment to its end, by the real Pulumi engine and the tests' own providers, and by `mlctl deploy`.

The tests are the chapters of one story and run in this order, on the environment that `engine_runs` has made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mlctl.config import load_environments
from mlctl.plan.difference import differences as changes
from mlctl.plan.environment import Repository, plan_environments
from mlctl.plan.model import Plan
from mlctl.plan.read import read_plan
from tests.conftest import PlanOf, write_variant
from tests.engine.engine_runs import EngineRun, EngineRuns, operations
from tests.engine.fidelity import Fidelity
from tests.engine.plan_parity import differences
from tests.engine.pulumi_engine import PulumiEngine

pytestmark = pytest.mark.slow
ENVIRONMENT = "dev"
RETENTION = {"network.flow_log_retention_days": 30}
PINNED = {**RETENTION, "models.churn.version": 1}
QUIET = ("same", "read", "refresh")


@pytest.fixture(scope="module")
def run(engine_runs: EngineRuns) -> Iterator[EngineRun]:
    run = engine_runs.of(ENVIRONMENT)
    run.engine.orders.take_journal()
    yield run


@pytest.fixture(scope="module")
def engine(run: EngineRun) -> PulumiEngine:
    return run.engine


def edited(engine: PulumiEngine, repository: Repository, edits: Mapping[str, Any]) -> Plan:
    """Writes the environment's file anew, as it is shipped but for the edits, and plans it."""
    folder = engine.root / "environments"
    write_variant(repository.environments / f"{ENVIRONMENT}.yaml", folder / f"{ENVIRONMENT}.yaml", edits)
    return planned(engine)


def planned(engine: PulumiEngine) -> Plan:
    here = Repository(root=engine.root, environments=engine.root / "environments", stacks=engine.root / "stacks")
    [plan] = plan_environments(here, load_environments(here.environments, [ENVIRONMENT]))
    assert [error for stack in plan.stacks for error in stack.errors] == []
    return plan


def changed_urns(before: Plan, after: Plan, kind: str) -> set[str]:
    return {item.resource.urn for item in changes(before, after) if item.kind == kind}


def compare_states(engine: PulumiEngine, plan: Plan, folder: Path, fidelity: Fidelity) -> None:
    """The engine's state is the plan, in every stack."""
    lines: list[str] = []
    for stack in plan.stacks:
        file = folder / f"{stack.name}.json"
        file.write_text(engine.export(stack.name))
        lines += differences(stack, read_plan(file).stacks[0], preview=False)
    fidelity.record("lifecycle", sum(1 for _ in plan.resources()), lines)
    assert lines == []


def test_a_second_deployment_changes_nothing(engine: PulumiEngine, run: EngineRun) -> None:
    ended = engine.mlctl("deploy", "up", "--env", ENVIRONMENT).expect()
    assert f"{ENVIRONMENT}: deployed {', '.join(run.stacks)}" in ended.out
    assert engine.orders.take_journal() == []


def test_one_changed_value_changes_what_the_plan_says(
    engine: PulumiEngine, repository: Repository, plan_of: PlanOf, tmp_path: Path
) -> None:
    before, after = plan_of(ENVIRONMENT), edited(engine, repository, RETENTION)
    [flow_log] = [item.urn for item in after.resources() if item.type == "aws:cloudwatch/logGroup:LogGroup" and "flow-log" in item.name]
    assert changed_urns(before, after, "changed") == {flow_log}
    engine.mlctl("deploy", "preview", "--env", ENVIRONMENT, "--stack", "foundation", "--save", str(tmp_path)).expect()
    assert engine.orders.take_journal() == [], "a preview changed something"
    engine.mlctl("deploy", "up", "--env", ENVIRONMENT, "--stack", "foundation", "--plans", str(tmp_path)).expect()
    assert engine.orders.take_journal() == [("update", flow_log)]


def test_a_deployment_that_fails_half_way_is_taken_up_where_it_stopped(
    engine: PulumiEngine, repository: Repository, tmp_path: Path, fidelity: Fidelity
) -> None:
    before, after = planned(engine), edited(engine, repository, PINNED)
    added, changed = changed_urns(before, after, "added"), changed_urns(before, after, "changed")
    concerned = [stack for stack in after.stacks if {item.urn for item in stack.resources} & (added | changed)]
    failing = next(urn for urn in added if "aws:sagemaker/endpointConfiguration:EndpointConfiguration" in urn)
    engine.orders.fail_once(failing)
    ended = [engine.up(stack.name) for stack in concerned]
    assert [item.status != 0 for item in ended] == [any(item.urn == failing for item in stack.resources) for stack in concerned]
    assert any("fail once" in item.out + item.error for item in ended)
    first = engine.orders.take_journal()
    for stack in concerned:
        engine.up(stack.name).expect()
    second = engine.orders.take_journal()
    assert sorted(first + second) == sorted([*(("create", urn) for urn in added), *(("update", urn) for urn in changed)])
    assert ("create", failing) in second
    assert first, "nothing was made before the failure"
    compare_states(engine, after, tmp_path, fidelity)


def test_drift_is_found_and_nothing_else(engine: PulumiEngine, tmp_path: Path) -> None:
    out = tmp_path / "drift.md"
    engine.mlctl("deploy", "drift", "--env", ENVIRONMENT, "--out", str(out)).expect()
    assert out.read_text() == ""
    urns = [item["urn"] for item in resources_of(engine, "registries") if item.get("type") == "aws:s3/bucketVersioning:BucketVersioning"]
    engine.orders.change_by_others({urns[0]: None, urns[1]: {"versioningConfiguration": {"status": "Suspended"}}})
    engine.mlctl("deploy", "drift", "--env", ENVIRONMENT, "--stack", "registries", "--out", str(out)).expect(1)
    engine.orders.change_by_others({})
    listed = {line for line in out.read_text().splitlines() if line.startswith("- ")}
    assert listed == {f"- `delete {urns[0]}`", f"- `update {urns[1]}`"}
    assert engine.orders.take_journal() == []


def resources_of(engine: PulumiEngine, stack: str) -> Sequence[Mapping[str, Any]]:
    return engine.state(stack)["deployment"].get("resources") or []


def test_a_renamed_component_keeps_its_resources(engine: PulumiEngine) -> None:
    """With an alias on the component; the engine gives its children their former names by itself."""
    before = planned(engine)
    program = engine.root / "stacks" / "serving" / "__main__.py"
    start, _, rest = program.read_text().partition('FrontDoor(\n    "front-door",')
    renamed = rest.replace("opts=context.options()", 'opts=context.options(aliases=[pulumi.Alias(name="front-door")])', 1)
    program.write_text(f'{start}FrontDoor(\n    "entrance",{renamed}')
    after = planned(engine)
    assert changes(before, after) == []
    done = engine.up("serving").expect()
    assert set(operations(done.events).values()) <= set(QUIET)
    assert engine.orders.take_journal() == []
    [serving] = [stack for stack in after.stacks if stack.name == "serving"]
    state = {item["urn"] for item in resources_of(engine, "serving") if item["type"] != "pulumi:providers:pulumi"}
    assert state == {item.urn for item in serving.resources}


ORDER = (
    "kubernetes:karpenter.sh/v1:NodePool",
    "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass",
    "kubernetes:helm.sh/v3:Release::karpenter",
    "kubernetes:helm.sh/v3:Release::karpenter-crd",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:eks/cluster:Cluster",
)
"""How docs/how-to-tear-down.md says a cluster goes: pools, classes, Karpenter, its kinds, the system nodes, the cluster."""


def test_an_environment_is_torn_down_in_the_safe_order(engine: PulumiEngine, run: EngineRun) -> None:
    made = {stack: {item["urn"] for item in resources_of(engine, stack) if is_made(item)} for stack in run.stacks}
    gone: list[str] = []
    for stack in reversed(run.stacks):
        if stack == "cluster":
            [pool, *_] = [urn for urn in made[stack] if "NodePool::" in urn]
            engine.orders.fail_once(pool)
            assert engine.destroy(stack).status != 0
            assert any("aws:eks/cluster:Cluster" in item["urn"] for item in resources_of(engine, stack)), "gone before its node pools"
        engine.destroy(stack).expect()
        journal = engine.orders.take_journal()
        assert {operation for operation, _ in journal} == {"delete"}
        assert {urn for _, urn in journal} == made[stack]
        assert resources_of(engine, stack) == []
        gone += [urn for _, urn in journal]
    places = [[index for index, urn in enumerate(gone) if is_of(kind, urn)] for kind in ORDER]
    assert all(places)
    for earlier, later in pairwise(places):
        assert max(earlier) < min(later)


def is_of(kind: str, urn: str) -> bool:
    """Whether the URN is of the type, and of the name where one is given."""
    wanted, _, name = kind.partition("::")
    _, _, types, own = urn.split("::", 3)
    return types.rpartition("$")[2] == wanted and name in ("", own)


def is_made(state: Mapping[str, Any]) -> bool:
    """Whether a provider made it: no component, no provider, nothing that is only read."""
    return bool(state.get("custom")) and not state.get("external") and not state["type"].startswith("pulumi:")
