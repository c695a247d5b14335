"""The pinned engines of `make engines`. Where one is missing its tests are left out and say so; with ENGINES_REQUIRED=1 they fail."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlctl.config import load_environments
from mlctl.plan.environment import Repository
from tests.conftest import PlanOf
from tests.engine.api_server import ApiServer
from tests.engine.engine_runs import EngineRuns
from tests.engine.fidelity import Fidelity
from tests.engine.gate import BROKEN_ENVIRONMENT, broken_resources, policy_config
from tools.engines import build
from tools.engines import crds as crds_module

ROOT = Path(__file__).parents[2]
ENGINES = ROOT / ".engines"


def need(path: Path) -> Path:
    if not path.exists():
        message = f"{path.name} is missing: run `make engines`"
        if os.environ.get("ENGINES_REQUIRED"):
            pytest.fail(message)
        pytest.skip(message)
    return path


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
            definition = yaml.safe_load(file.read_text())
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
    tools = {tool.name: tool.version for tool in build.read_tools((ROOT / "tools" / "engines" / "go.mod").read_text())}
    charts = {f"CRDs of {source.chart}": source.chart_version for source in crds_module.read_sources()}
    packages = ("pulumi", "pulumi-aws", "pulumi-kubernetes", "pulumi-policy")
    return tools | charts | {f"{name} (Python)": importlib.metadata.version(name) for name in packages}
