"""A step whose machine is taken away is tried again on a real Argo, by the retry strategy of the platform's own steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from mlctl.plan.environment import Repository
from tests.engine.argo_cluster import ArgoCluster

pytestmark = pytest.mark.engine
NAMESPACE = "lost-nodes"
Object = dict[str, Any]


@pytest.fixture(scope="module")
def strategy(argo: ArgoCluster, repository: Repository) -> Object:
    """That of `train`; only its waits are short."""
    argo.namespace(NAMESPACE)
    rendered = yaml.safe_load((repository.root / "workflows" / "rendered" / "dev" / "churn-training.yaml").read_text())
    [found] = [template["retryStrategy"] for template in rendered["spec"]["templates"] if template["name"] == "train"]
    return {**found, "backoff": {"duration": "1s"}}


def workflow(strategy: Object, name: str, first: str) -> Object:
    """One step: the first attempt does as it is told, the second succeeds."""
    script = f"if [ -e /shared/{name} ]; then echo again; else touch /shared/{name}; {first}; fi"
    container = {"image": "i", "command": ["sh", "-c", script], "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
    spec = {
        "entrypoint": "main",
        "volumes": [{"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}}],
        "templates": [{"name": "main", "retryStrategy": strategy, "container": container}],
    }
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": name}, "spec": spec}


def evict(argo: ArgoCluster, pod: str) -> None:
    """What Karpenter does on the notice that AWS takes a spot machine back."""
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": NAMESPACE}}
    answer = argo.server.request("POST", f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction", json=body)
    assert answer.ok, answer.text


def lose(argo: ArgoCluster, pod: str) -> None:
    """What Kubernetes does with the pods of a machine that is gone."""
    answer = argo.server.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}", json={"gracePeriodSeconds": 0})
    assert answer.ok, answer.text


def phases_of(workflow: Object) -> dict[str, str]:
    return {node["displayName"]: node["phase"] for node in workflow.get("status", {}).get("nodes", {}).values()}


@pytest.mark.parametrize("taken", [evict, lose], ids=lambda taken: taken.__name__)
def test_what_ran_there_is_tried_again(argo: ArgoCluster, strategy: Object, taken: Callable[[ArgoCluster, str], None]) -> None:
    name = taken.__name__
    argo.submit(workflow(strategy, name, "sleep 600"), NAMESPACE)
    begun = argo.folder / "node" / "claims" / NAMESPACE / "shared" / name
    # Before Argo has seen a pod run it makes a lost one anew, without another attempt.
    argo.wait_for(NAMESPACE, name, lambda found: phases_of(found).get(f"{name}(0)") == "Running" and begun.exists())
    [pod] = [item["metadata"]["name"] for node, item in argo.pods(NAMESPACE).items() if node.startswith(name)]
    taken(argo, pod)
    ended = argo.wait(NAMESPACE, name)
    assert phases_of(ended)[name] == ended["status"]["phase"] == "Succeeded", ended["status"]["nodes"]
    # Of a pod that is gone before its executor has reported Argo makes the same attempt again, of another the next one.
    assert argo.log(NAMESPACE, ended["status"]["nodes"][name]["children"][-1]) == "again\n"


def test_a_step_that_fails_by_itself_is_not(argo: ArgoCluster, strategy: Object) -> None:
    argo.submit(workflow(strategy, "wrong-input", "exit 2"), NAMESPACE)
    ended = argo.wait(NAMESPACE, "wrong-input")
    assert phases_of(ended) == {"wrong-input": "Failed", "wrong-input(0)": "Failed"}


def test_a_step_whose_service_failed_is(argo: ArgoCluster, strategy: Object) -> None:
    argo.submit(workflow(strategy, "no-service", "exit 3"), NAMESPACE)
    ended = argo.wait(NAMESPACE, "no-service")
    assert ended["status"]["phase"] == "Succeeded"
