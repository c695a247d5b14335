"""The API server of the tests judges: it accepts what is right and refuses what is wrong, so its yes means something."""

from __future__ import annotations

import re
from typing import Any

import pytest

from infra import charts
from mlctl.config import load_environments
from mlctl.plan.environment import Repository
from tests.engine.api_server import ApiServer

pytestmark = pytest.mark.engine

CONTAINER = {"name": "a", "image": "registry.example/a:1"}
POD: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [CONTAINER]}}
POOL: dict[str, Any] = {
    "apiVersion": "karpenter.sh/v1",
    "kind": "NodePool",
    "metadata": {"name": "a"},
    "spec": {
        "template": {
            "spec": {
                "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "a"},
                "requirements": [{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}],
            }
        }
    },
}


def test_it_is_of_the_version_that_the_environments_name(api_server: ApiServer, repository: Repository) -> None:
    named = {environment.cluster.version for environment in load_environments(repository.environments)}
    assert named == {".".join(api_server.version.lstrip("v").split(".")[:2])}


def test_a_right_pod_is_accepted(api_server: ApiServer) -> None:
    assert api_server.dry_run(POD).message == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spec": {"containers": [CONTAINER], "restartPolice": "Never"}}, r'unknown field "spec.restartPolice"'),
        ({"spec": {"containers": [CONTAINER], "restartPolicy": "Maybe"}}, r'spec.restartPolicy: Unsupported value: "Maybe"'),
        ({"spec": {"containers": [{"name": "a"}]}}, r"spec.containers\[0\].image: Required value"),
        ({"spec": {"containers": [{**CONTAINER, "ports": [{"containerPort": "80"}]}]}}, r"cannot unmarshal string"),
        ({"metadata": {"name": "A_b"}}, r'metadata.name: Invalid value: "A_b"'),
        ({"metadata": {"name": "a", "namespace": "nowhere"}}, r'namespaces "nowhere" not found'),
        ({"kind": "Pood"}, r"the server has no v1 Pood"),
    ],
)
def test_a_wrong_pod_is_refused(api_server: ApiServer, change: dict[str, Any], message: str) -> None:
    verdict = api_server.dry_run({**POD, **change})
    assert not verdict.accepted
    assert re.search(message, verdict.message), verdict.message


def test_a_dry_run_leaves_nothing_behind(api_server: ApiServer) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "dry"}}
    assert api_server.dry_run(namespace).accepted
    assert not api_server.dry_run({**POD, "metadata": {"name": "a", "namespace": "dry"}}).accepted


def test_the_crds_are_served(crds: dict[str, list[str]]) -> None:
    served = {
        "argo-workflows": "argoproj.io/v1alpha1 WorkflowTemplate",
        "cert-manager": "cert-manager.io/v1 Certificate",
        "external-secrets": "external-secrets.io/v1 ExternalSecret",
        "karpenter-crd": "karpenter.sh/v1 NodePool",
        "kserve-crd": "serving.kserve.io/v1beta1 InferenceService",
        "kuberay-operator": "ray.io/v1 RayJob",
        "kueue": "kueue.x-k8s.io/v1beta2 ClusterQueue",
    }
    assert {chart for chart, kind in served.items() if kind in crds[chart]} == served.keys() == crds.keys()
    assert {chart.name for chart in vars(charts).values() if isinstance(chart, charts.Chart)} >= crds.keys()


@pytest.mark.usefixtures("crds")
def test_a_node_pool_is_judged_by_its_crd(api_server: ApiServer) -> None:
    assert api_server.dry_run(POOL).message == ""
    wrong = {**POOL, "spec": {**POOL["spec"], "weight": 1000}}
    assert re.search(r"spec.weight: Invalid value: 1000: .*less than or equal to 100", api_server.dry_run(wrong).message)
    misspelt = {**POOL, "spec": {**POOL["spec"], "disrupton": {}}}
    assert 'unknown field "spec.disrupton"' in api_server.dry_run(misspelt).message


@pytest.mark.usefixtures("crds")
def test_a_workflow_template_is_judged_by_its_crd(api_server: ApiServer) -> None:
    step = {"name": "main", "container": {"image": "busybox"}}
    template = {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": {"name": "a"}, "spec": {"templates": [step]}}
    assert api_server.dry_run(template).message == ""
    misspelt = {**template, "spec": {"templates": [{**step, "retryStrateg": {"limit": "1"}}]}}
    assert 'unknown field "spec.templates[0].retryStrateg"' in api_server.dry_run(misspelt).message
