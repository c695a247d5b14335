"""The admission policies of the cluster, judged where they will run, a real API server: pods that keep to them, and pods that do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import PlanOf
from tests.engine.api_server import ApiServer
from tests.engine.fidelity import Fidelity
from tests.engine.platform_objects import POLICIES, installed
from tests.engine.pods import DIGEST, FIXED, GPU, Make, Object, labelled, pod, tolerating, with_init, without_labels

pytestmark = pytest.mark.engine

OWN = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
"""The registry of dev."""


@pytest.fixture(scope="module")
def namespace(api_server: ApiServer, plan_of: PlanOf) -> Iterator[Object]:
    """A team's namespace, in a server that enforces the plan's admission policies, without the limits that would be filled in before."""
    with installed(api_server, plan_of("dev"), POLICIES) as teams:
        yield next(iter(teams.values()))


ACCEPTED: dict[str, Make] = {
    "an image of the own registry": lambda own: pod(own, image=f"{OWN}/training:2026-11-20"),
    "an image by digest": lambda own: pod(own, image=FIXED),
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
}


@pytest.mark.parametrize("sample", ACCEPTED)
def test_accepted(api_server: ApiServer, namespace: Object, sample: str, fidelity: Fidelity) -> None:
    verdict = api_server.dry_run(ACCEPTED[sample](namespace))
    fidelity.record("pods", 1, [] if verdict.accepted else [f"{sample}: {verdict.message}"])
    assert verdict.message == ""


@pytest.mark.parametrize("sample", REFUSED)
def test_refused(api_server: ApiServer, namespace: Object, sample: str, fidelity: Fidelity) -> None:
    make, message = REFUSED[sample]
    verdict = api_server.dry_run(make(namespace))
    fidelity.record("pods", 1, [] if not verdict.accepted else [f"{sample} is accepted"])
    expected = message
    for key, value in namespace["metadata"]["labels"].items():
        expected = expected.replace(f"{{{key}}}", value)
    assert expected in verdict.message


def test_a_namespace_of_no_team_is_not_judged(api_server: ApiServer, namespace: Object) -> None:
    wrong = without_labels(pod(namespace, image="python"))
    wrong["metadata"]["namespace"] = "default"
    assert api_server.dry_run(wrong).message == ""
