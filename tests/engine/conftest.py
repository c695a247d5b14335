"""The pinned engines of `make engines`. Where one is missing its tests are left out and say so; with ENGINES_REQUIRED=1 they fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.engine.api_server import ApiServer
from tests.engine.fidelity import Fidelity

ENGINES = Path(__file__).parents[2] / ".engines"


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
def fidelity() -> Fidelity:
    """What the tests compare is counted here, and ends in docs/fidelity.md."""
    return FIDELITY


FIDELITY = Fidelity()
