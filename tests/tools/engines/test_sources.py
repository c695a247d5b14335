"""CRDs and charts are fetched from pinned sources, and only what the pins say is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from infra import charts
from tools.engines.golang import EngineError
from tools.engines.sources import Source, fetch_chart, fetch_crds, read_sources

SOURCE = Source(
    chart="store",
    module="example.org/store",
    version="v1.2.0",
    sum="h1:right",
    crds="crds/*_*.yaml",
    chart_version="1.1.0",
    charts={"store": "chart"},
)
Go = Callable[[dict[str, str]], str]


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    for name, text in {
        "crds/a_b.yaml": "kind: B\n",
        "crds/kustomization.yaml": "",
        "chart/Chart.yaml": 'name: x\nversion: "1.1.0"\n',
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def go(tmp_path: Path) -> Go:
    """A `go` that gives one answer to everything."""

    def write(answer: dict[str, str]) -> str:
        path = tmp_path / "go"
        path.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(answer)}\nEND\n")
        path.chmod(0o755)
        return str(path)

    return write


def test_only_the_crds_are_copied(module: Path, go: Go, tmp_path: Path) -> None:
    target = tmp_path / "kept" / "store"
    assert fetch_crds(go({"Sum": "h1:right", "Dir": str(module)}), SOURCE, target) == 1
    assert [path.name for path in target.iterdir()] == ["a_b.yaml"]
    assert [path.name for path in target.parent.iterdir()] == ["store"]


def test_other_sources_than_the_pinned_are_refused(module: Path, go: Go, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"example.org/store v1.2.0 hashes to h1:wrong, and sources.json says h1:right"):
        fetch_crds(go({"Sum": "h1:wrong", "Dir": str(module)}), SOURCE, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_another_chart_than_the_pinned_is_refused(module: Path, go: Go, tmp_path: Path) -> None:
    source = replace(SOURCE, chart_version="1.2.0")
    with pytest.raises(EngineError, match=r"holds the chart 1.1.0, and sources.json says 1.2.0"):
        fetch_crds(go({"Sum": "h1:right", "Dir": str(module)}), source, tmp_path / "kept")


def test_what_the_module_proxy_says_is_passed_on(go: Go, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"403 Forbidden / not available"):
        fetch_crds(go({"Error": "reading: 403 Forbidden\nnot available"}), SOURCE, tmp_path / "kept")


def test_a_module_without_crds_is_an_error(module: Path, go: Go, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"has no nothing/\*.yaml"):
        fetch_crds(go({"Sum": "h1:right", "Dir": str(module)}), replace(SOURCE, crds="nothing/*.yaml"), tmp_path / "kept")


def test_the_crds_are_of_the_charts_that_are_installed() -> None:
    installed = {chart.name: chart.version for chart in vars(charts).values() if isinstance(chart, charts.Chart)}
    expected = {"argo-workflows", "cert-manager", "external-secrets", "karpenter-crd", "kserve-crd", "kuberay-operator", "kueue"}
    assert {source.chart: source.chart_version for source in read_sources()} == {name: installed[name] for name in expected}


def test_the_charts_are_installed_at_that_version() -> None:
    installed = {chart.name: chart.version for chart in vars(charts).values() if isinstance(chart, charts.Chart)}
    found = {name: source.chart_version for source in read_sources() for name in source.charts}
    expected = {"cert-manager", "external-secrets", "karpenter", "karpenter-crd", "kserve", "kserve-crd", "kueue"}
    assert found == {name: installed[name] for name in expected}


def test_a_chart_is_copied_without_those_it_only_names(module: Path, go: Go, tmp_path: Path) -> None:
    described = 'name: store\nversion: "1.1.0"\ndependencies:\n  - name: shelf\n    version: v3\nappVersion: v1\n'
    for name, text in {"Chart.yaml": described, "Chart.lock": "", "templates/a.yaml": "kind: {{ .Values.kind }}\n"}.items():
        (module / "chart" / name).parent.mkdir(exist_ok=True)
        (module / "chart" / name).write_text(text)
    target = tmp_path / "kept" / "store"
    fetch_chart(go({"Sum": "h1:right", "Dir": str(module)}), SOURCE, "store", target)
    assert {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()} == {
        "Chart.yaml": 'name: store\nversion: "1.1.0"\nappVersion: v1\n',
        "templates/a.yaml": "kind: {{ .Values.kind }}\n",
    }
    assert [path.name for path in target.parent.iterdir()] == ["store"]


def test_a_chart_without_a_version_yet_gets_the_one_that_is_installed(module: Path, go: Go, tmp_path: Path) -> None:
    (module / "chart" / "Chart.yaml").rename(module / "chart" / "Chart.template.yaml").write_text("version: v0.0.0\nappVersion: v0.0.0\n")
    fetch_chart(go({"Sum": "h1:right", "Dir": str(module)}), SOURCE, "store", tmp_path / "kept")
    assert (tmp_path / "kept" / "Chart.yaml").read_text() == "version: 1.1.0\nappVersion: 1.1.0\n"
