"""The pinned engines of `make engines`. Where one is missing its tests are left out and say so; with ENGINES_REQUIRED=1 they fail.

What the module proxy refused to give out is no failure of ours: its tests are left out by name either way.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from mlctl.config import load_environments
from mlctl.plan.environment import Repository
from tests.conftest import PlanOf
from tests.engine.api_server import ApiServer
from tests.engine.argo_cluster import ArgoCluster
from tests.engine.engine_runs import EngineRuns
from tests.engine.fidelity import Fidelity
from tests.engine.gate import BROKEN_ENVIRONMENT, broken_resources, policy_config
from tests.engine.node.process import may_isolate
from tests.moto_server import moto
from tools.engines.group import read_groups
from tools.engines.sources import read_sources

ROOT = Path(__file__).parents[2]
ENGINES = ROOT / ".engines"


def need(path: Path) -> Path:
    if not path.exists():
        if str(path.relative_to(ENGINES)) in refused():
            pytest.skip(f"not proven here: the sources of {path.name} were refused")
        missing(f"{path.name} is missing: run `make engines`")
    return path


def refused() -> list[str]:
    """What `make engines` was refused, as paths below `.engines`."""
    listed = ENGINES / "refused"
    return listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []


def missing(message: str) -> NoReturn:
    if os.environ.get("ENGINES_REQUIRED"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def actionlint() -> Path:
    return need(ENGINES / "bin" / "actionlint")


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    for program in ("etcd", "kube-apiserver"):
        need(ENGINES / "bin" / program)
    with ApiServer(ENGINES / "bin", tmp_path_factory.mktemp("api-server")) as server:
        yield server


@pytest.fixture(scope="session")
def crds(api_server: ApiServer) -> dict[str, list[str]]:
    """Installs the CRDs that can be had; the kinds (`karpenter.sh/v1 NodePool`) by chart."""
    kinds: dict[str, list[str]] = {}
    for chart in sorted(need(ENGINES / "crds").iterdir()):
        for file in sorted(chart.glob("*.yaml")):
            definition = yaml.load(file.read_text(), yaml.CSafeLoader)
            verdict = api_server.create(definition)
            assert verdict.accepted, f"{file.name}: {verdict.message}"
            spec = definition["spec"]
            served = [f"{spec['group']}/{item['name']}" for item in spec["versions"] if item["served"]]
            kinds.setdefault(chart.name, []).extend(f"{version} {spec['names']['kind']}" for version in served)
    for names in kinds.values():
        for name in names:
            version, kind = name.split(" ")
            api_server.wait_for_kind(version, kind)
    return kinds


@pytest.fixture(scope="session")
def pulumi() -> Path:
    return need(ENGINES / "bin" / "pulumi")


@pytest.fixture(scope="session")
def engine_runs(pulumi: Path, tmp_path_factory: pytest.TempPathFactory, repository: Repository, plan_of: PlanOf) -> EngineRuns:
    """The real Pulumi engine over every environment."""

    def policies(name: str) -> dict[str, Any]:
        [environment] = load_environments(repository.environments, [name])
        return policy_config(repository, environment)

    return EngineRuns(
        binary=pulumi,
        folder=tmp_path_factory.mktemp("pulumi"),
        stacks=lambda name: [stack.name for stack in plan_of(name).stacks],
        policy_config=policies,
        breaks=lambda name: broken_resources(repository, plan_of(name)) if name == BROKEN_ENVIRONMENT else [],
        environments=[item.stem for item in sorted(repository.environments.glob("*.yaml"))],
    )


@pytest.fixture(scope="session")
def argo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgoCluster]:
    """A cluster of its own, with a node: the policies that other tests put on theirs do not meet its pods."""
    for program in ("etcd", "kube-apiserver", "argo", "argoexec", "workflow-controller"):
        need(ENGINES / "bin" / program)
    crds = need(ENGINES / "crds" / "argo-workflows")
    if not may_isolate():
        missing("mount and process namespaces, or layers of file systems, are not permitted here")
    folder = tmp_path_factory.mktemp("argo")
    with (
        moto() as storage,
        ApiServer(ENGINES / "bin", tmp_path_factory.mktemp("argo-api-server")) as server,
        ArgoCluster(server, ENGINES / "bin", crds, folder, storage) as cluster,
    ):
        yield cluster


FIDELITY = Fidelity()


@pytest.fixture(scope="session")
def fidelity() -> Fidelity:
    """What the tests compare is counted here, and ends in docs/fidelity.md."""
    return FIDELITY


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the page after a whole run."""
    if not FIDELITY.complete:
        return
    FIDELITY.versions = versions()
    (ROOT / "docs" / "fidelity.md").write_text(FIDELITY.page(), encoding="utf-8")


def versions() -> dict[str, str]:
    """Of everything that took part."""
    tools = {tool.name: tool.version for group in read_groups() for tool in group.tools}
    charts = {f"CRDs of {source.chart}": source.chart_version for source in read_sources()}
    packages = ("pulumi", "pulumi-aws", "pulumi-kubernetes", "pulumi-policy")
    return tools | charts | {f"{name} (Python)": importlib.metadata.version(name) for name in packages}
