"""The pinned engines of `make engines`. Where one is missing its tests are left out and say so; with ENGINES_REQUIRED=1 they fail."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import yaml

from tests.engine.api_server import ApiServer
from tests.engine.argo_cluster import ArgoCluster
from tests.engine.fidelity import Fidelity
from tests.engine.node.process import may_isolate
from tests.moto_server import moto
from tools.engines.group import read_groups
from tools.engines.sources import read_sources

ROOT = Path(__file__).parents[2]
ENGINES = ROOT / ".engines"


def need(path: Path) -> Path:
    if not path.exists():
        missing(f"{path.name} is missing: run `make engines`")
    return path


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
    return tools | charts | {name: importlib.metadata.version(name) for name in packages}
