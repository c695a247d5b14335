"""The admission policies of the cluster, judged where they will run, a real API server: pods that keep to them, and pods that do not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest

from tests.conftest import PlanOf
from tests.engine.api_server import ApiServer
from tests.engine.fidelity import Fidelity
from tests.engine.manifests import manifest, objects

pytestmark = pytest.mark.engine

OWN = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = "sha256:" + "0123456789abcdef" * 4
GPU = "nvidia.com/gpu"
TOLERATES = [{"key": GPU, "operator": "Exists"}]

Pod = dict[str, Any]
Make = Callable[[Mapping[str, Any]], Pod]


@pytest.fixture(scope="module")
def namespace(api_server: ApiServer, plan_of: PlanOf) -> Iterator[Mapping[str, Any]]:
    """A team's namespace of the plan, in a server that has the plan's admission policies, and from when on they are enforced."""
    planned = [manifest(resource) for resource in objects(plan_of("dev"))]
    teams = [item for item in planned if item["kind"] == "Namespace" and "ml-platform/team" in item["metadata"]["labels"]]
    policies = [item for item in planned if item["kind"].startswith("ValidatingAdmissionPolicy")]
    assert len(policies) == 6
    for item in [*teams, *policies]:
        verdict = api_server.create(item)
        assert verdict.accepted or verdict.status == 409, verdict.message
    wait_until_enforced(api_server, teams[0])
    yield teams[0]
    for item in policies:
        assert api_server.delete(item).accepted


def wait_until_enforced(api_server: ApiServer, namespace: Mapping[str, Any], seconds: float = 60) -> None:
    """A new policy is enforced when the server's own watch has seen it. One sample for each of the three."""
    end = time.monotonic() + seconds
    for wrong in ("no owner", "an image without a tag", "a GPU pod without a limit"):
        while api_server.dry_run(REFUSED[wrong][0](namespace)).accepted:
            assert time.monotonic() < end, f"{wrong} is still accepted after {seconds} s"
            time.sleep(0.2)


def pod(namespace: Mapping[str, Any], **container: Any) -> Pod:
    """A pod that keeps to everything, with some fields of its container changed."""
    own = namespace["metadata"]
    secure = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "sample",
            "namespace": own["name"],
            "labels": {"team": own["labels"]["team"], "cost-centre": own["labels"]["cost-centre"]},
        },
        "spec": {
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "main",
                    "image": f"{OWN}/training:2026-11-20",
                    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                    "securityContext": secure,
                    **container,
                }
            ],
        },
    }


def tolerating(given: Pod) -> Pod:
    given["spec"]["tolerations"] = TOLERATES
    return given


def with_init(given: Pod, image: str) -> Pod:
    given["spec"]["initContainers"] = [{**deepcopy(given["spec"]["containers"][0]), "name": "init", "image": image}]
    return given


def without_labels(given: Pod) -> Pod:
    del given["metadata"]["labels"]
    return given


def labelled(given: Pod, key: str, value: str) -> Pod:
    given["metadata"]["labels"][key] = value
    return given


ACCEPTED: dict[str, Make] = {
    "an image of the own registry": pod,
    "an image by digest": lambda own: pod(own, image=f"docker.io/library/python@{DIGEST}"),
    "an image of a full version": lambda own: pod(own, image="quay.io/argoproj/argoexec:v3.7.1"),
    "a registry with a port": lambda own: pod(own, image="registry.example:5000/a:1.2.3-rc1"),
    "a GPU pod": lambda own: tolerating(pod(own, resources={"limits": {GPU: "1", "memory": "8Gi"}})),
    "an init container": lambda own: with_init(pod(own), f"{OWN}/training:1"),
}
OWNER = "label team must be {team}, as on the namespace"
REFUSED: dict[str, tuple[Make, str]] = {
    "no owner": (lambda own: without_labels(pod(own)), OWNER),
    "another team": (lambda own: labelled(pod(own), "team", "other"), OWNER),
    "another cost centre": (lambda own: labelled(pod(own), "cost-centre", "other"), "label cost-centre must be {cost-centre}"),
    "an image without a tag": (lambda own: pod(own, image="python"), "image python may change under its tag"),
    "the newest image": (lambda own: pod(own, image="python:latest"), "image python:latest may change"),
    "a moving version": (lambda own: pod(own, image="python:3.11"), "image python:3.11 may change"),
    "a branch of the own registry": (lambda own: pod(own, image=f"{OWN}/training:main"), "training:main may change"),
    "the own registry without a tag": (lambda own: pod(own, image=f"{OWN}/training"), "training may change"),
    "another registry that starts alike": (lambda own: pod(own, image=f"{OWN}.example/a:b"), "example/a:b may change"),
    "a short digest": (lambda own: pod(own, image=f"python@{DIGEST[:-1]}x"), "may change under its tag"),
    "an init container without a tag": (lambda own: with_init(pod(own), "python"), "image python may change"),
    "a GPU pod without a limit": (lambda own: tolerating(pod(own)), f"a pod that tolerates {GPU} must set limits[{GPU}]"),
    "a GPU without memory": (lambda own: tolerating(pod(own, resources={"limits": {GPU: "1"}})), "must set limits.memory"),
}


@pytest.mark.parametrize("sample", ACCEPTED)
def test_accepted(api_server: ApiServer, namespace: Mapping[str, Any], sample: str, fidelity: Fidelity) -> None:
    verdict = api_server.dry_run(ACCEPTED[sample](namespace))
    fidelity.record("pods", 1, [] if verdict.accepted else [f"{sample}: {verdict.message}"])
    assert verdict.message == ""


@pytest.mark.parametrize("sample", REFUSED)
def test_refused(api_server: ApiServer, namespace: Mapping[str, Any], sample: str, fidelity: Fidelity) -> None:
    make, message = REFUSED[sample]
    verdict = api_server.dry_run(make(namespace))
    fidelity.record("pods", 1, [] if not verdict.accepted else [f"{sample} is accepted"])
    expected = message
    for key, value in namespace["metadata"]["labels"].items():
        expected = expected.replace(f"{{{key}}}", value)
    assert expected in verdict.message


def test_a_namespace_of_no_team_is_not_judged(api_server: ApiServer, namespace: Mapping[str, Any]) -> None:
    wrong = without_labels(pod(namespace, image="python"))
    wrong["metadata"]["namespace"] = "default"
    assert api_server.dry_run(wrong).message == ""
