"""Charts take the values that the plans give them, and a real API server accepts what comes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PlanOf
from tests.engine.api_server import ApiServer
from tests.engine.conftest import ENGINES, need
from tests.engine.fidelity import Fidelity
from tests.engine.helm_release import HelmError, Release, releases
from tests.engine.test_kubernetes import create_namespaces
from tests.engine.workflow_pods import pod_templates

pytestmark = pytest.mark.engine

CHARTS = {"cert-manager", "external-secrets", "karpenter", "karpenter-crd", "kserve", "kserve-crd", "kueue"}
"""The charts of our releases whose sources stand in Go modules that are served."""
WORKLOADS = {"DaemonSet", "Deployment", "Job", "StatefulSet"}


@pytest.fixture(scope="module")
def helm() -> Path:
    return need(ENGINES / "bin" / "helm")


@pytest.fixture(scope="module")
def charts() -> Path:
    return need(ENGINES / "charts")


def refusals(api_server: ApiServer, release: Release, objects: list[dict[str, Any]]) -> list[str]:
    refused = []
    for item in objects:
        verdict = api_server.dry_run(item, release.namespace)
        there_already = verdict.status == 409 and item["kind"] in ("CustomResourceDefinition", "Namespace")
        if not verdict.accepted and not there_already:
            refused.append(f"{release.resource.name}: {item['kind']} {item['metadata']['name']}: {verdict.message}")
    return refused


def pods(release: Release, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pods that the release's workloads will make: what Pod Security demands of a namespace is demanded of them."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**template.get("metadata", {}), "name": item["metadata"]["name"]},
            "spec": template["spec"],
        }
        for item in objects
        if item["kind"] in WORKLOADS
        for template in pod_templates(item)
    ]


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_charts_take_our_values(
    helm: Path, charts: Path, api_server: ApiServer, plan_of: PlanOf, environment: str, fidelity: Fidelity
) -> None:
    plan = plan_of(environment)
    create_namespaces(api_server, plan)
    found = releases(plan, charts)
    assert {release.folder.name for release in found} == CHARTS
    judged, problems = 0, []
    for release in found:
        objects = release.objects(helm, api_server.version)
        assert objects, f"{release.resource.name} installs nothing"
        objects += pods(release, objects)
        judged += len(objects)
        problems += [f"{release.resource.name}: takes no notice of the value {path}" for path in release.unknown_values()]
        problems += refusals(api_server, release, objects)
    fidelity.record("chart objects", judged, problems)
    assert problems == []


def changed(plan_of: PlanOf, charts: Path, chart: str, values: dict[str, Any]) -> Release:
    [release] = [item for item in releases(plan_of("dev"), charts) if item.folder.name == chart]
    inputs = {**release.resource.inputs, "values": {**release.resource.inputs["values"], **values}}
    return replace(release, resource=replace(release.resource, inputs=inputs))


def test_a_value_that_a_chart_takes_no_notice_of_is_found(charts: Path, plan_of: PlanOf) -> None:
    assert changed(plan_of, charts, "karpenter", {"replica": 2}).unknown_values() == ["replica"]
    assert changed(plan_of, charts, "karpenter", {"settings": {"clusterNam": "a"}}).unknown_values() == ["settings.clusterNam"]


def test_a_value_that_a_charts_schema_refuses_is_an_error(helm: Path, charts: Path, plan_of: PlanOf) -> None:
    with pytest.raises(HelmError, match="replicaCount"):
        changed(plan_of, charts, "external-secrets", {"replicaCount": "two"}).objects(helm, "v1.35.4")


def test_pod_security_judges_the_pods_of_charts(api_server: ApiServer, charts: Path, plan_of: PlanOf) -> None:
    create_namespaces(api_server, plan_of("dev"))
    spec = {"containers": [{"name": "a", "image": "registry.example/a:1"}], "hostPID": True}
    wrong = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}
    namespaces = {release.namespace for release in releases(plan_of("dev"), charts)} - {"kube-system"}
    assert namespaces == {"cert-manager", "external-secrets", "kserve", "kueue-system"}
    for namespace in namespaces:
        assert "violates PodSecurity" in api_server.dry_run(wrong, namespace).message
