"""Nobody passes a pod off as a served model, or as the router that splits its requests: judged by a real API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.conftest import PlanOf
from tests.engine.api_server import ApiServer, User
from tests.engine.fidelity import Fidelity
from tests.engine.platform_objects import KNATIVE, PERSON, POLICIES, REPLICAS, installed
from tests.engine.pods import SERVED, SPLIT, Object, labelled, pod

pytestmark = pytest.mark.engine

REVISION = "serving.knative.dev/revisionUID"
MESSAGE = "are for served models, which only their controllers make"
Labels = Mapping[str, str]
Wrap = Callable[[Object, Labels], dict[str, Any]]


@pytest.fixture(scope="module")
def namespace(api_server: ApiServer, plan_of: PlanOf) -> Iterator[Object]:
    """A team's namespace, in a server that enforces the plan's admission policies."""
    with installed(api_server, plan_of("dev"), POLICIES) as teams:
        yield next(iter(teams.values()))


def bare(own: Object, labels: Labels) -> dict[str, Any]:
    made = pod(own)
    for key, value in labels.items():
        labelled(made, key, value)
    return made


def template(own: Object, labels: Labels, policy: str) -> dict[str, Any]:
    made = bare(own, labels)
    return {"metadata": {"labels": made["metadata"]["labels"]}, "spec": {**made["spec"], "restartPolicy": policy}}


def made_by(kind: str, version: str, policy: str = "Always") -> Wrap:
    """An object of that kind, itself without labels, that makes pods with them."""

    def wrap(own: Object, labels: Labels) -> dict[str, Any]:
        pods = template(own, labels, policy)
        spec: dict[str, Any] = {"template": pods}
        if kind != "Job":
            chosen = {"team": pods["metadata"]["labels"]["team"]}
            spec["selector"] = chosen if kind == "ReplicationController" else {"matchLabels": chosen}
        if kind == "StatefulSet":
            spec["serviceName"] = "sample"
        return whole(own, kind, version, spec)

    return wrap


def cron_job(own: Object, labels: Labels) -> dict[str, Any]:
    jobs = {"spec": {"template": template(own, labels, "Never")}}
    return whole(own, "CronJob", "batch/v1", {"schedule": "0 4 * * *", "jobTemplate": jobs})


def service(own: Object, labels: Labels) -> dict[str, Any]:
    made = whole(own, "Service", "v1", {"selector": {"app": "mine"}, "ports": [{"port": 80}]})
    return {**made, "metadata": {**made["metadata"], "labels": dict(labels)}}


def whole(own: Object, kind: str, version: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "sample", "namespace": own["metadata"]["name"]}, "spec": spec}


KINDS: dict[str, Wrap] = {
    "Pod": bare,
    "Deployment": made_by("Deployment", "apps/v1"),
    "ReplicaSet": made_by("ReplicaSet", "apps/v1"),
    "StatefulSet": made_by("StatefulSet", "apps/v1"),
    "DaemonSet": made_by("DaemonSet", "apps/v1"),
    "ReplicationController": made_by("ReplicationController", "v1"),
    "Job": made_by("Job", "batch/v1", "Never"),
    "CronJob": cron_job,
    "Service": service,
}


@pytest.mark.parametrize("label", [SERVED, SPLIT, REVISION])
@pytest.mark.parametrize("kind", KINDS)
def test_people_are_refused(api_server: ApiServer, namespace: Object, kind: str, label: str, fidelity: Fidelity) -> None:
    verdict = api_server.dry_run(KINDS[kind](namespace, {label: "churn"}), user=PERSON)
    fidelity.record("pods", 1, [] if not verdict.accepted else [f"{kind} with {label} is accepted"])
    assert "'pod-serving'" in verdict.message and MESSAGE in verdict.message


@pytest.mark.parametrize("kind", KINDS)
def test_people_may_make_the_same_without_the_label(api_server: ApiServer, namespace: Object, kind: str) -> None:
    assert api_server.dry_run(KINDS[kind](namespace, {"app": "mine"}), user=PERSON).message == ""


@pytest.mark.parametrize(("kind", "user"), [("Pod", REPLICAS), ("Deployment", KNATIVE), ("Service", KNATIVE)])
def test_controllers_make_what_serves(api_server: ApiServer, namespace: Object, kind: str, user: User) -> None:
    assert api_server.dry_run(KINDS[kind](namespace, {SERVED: "churn", SPLIT: "churn-split"}), user=user).message == ""


def test_who_may_change_models_may_change_what_they_are_made_of(api_server: ApiServer, namespace: Object) -> None:
    assert api_server.dry_run(KINDS["Deployment"](namespace, {SERVED: "churn"})).message == ""


def test_another_service_account_is_no_controller(api_server: ApiServer, namespace: Object) -> None:
    own = User("system:serviceaccount:default:mine", "team:people")
    assert MESSAGE in api_server.dry_run(bare(namespace, {SPLIT: "churn-split"}), user=own).message


def test_a_served_pod_cannot_be_taken_over_or_away(api_server: ApiServer, namespace: Object) -> None:
    served, plain = bare(namespace, {SERVED: "churn"}), bare(namespace, {})
    plain["metadata"]["name"] = "plain"
    for item in (served, plain):
        assert api_server.create(item).accepted
    try:
        for changed in (bare(namespace, {}), bare(namespace, {SERVED: "other"})):
            assert MESSAGE in api_server.dry_update(changed, user=PERSON).message
        labelled(plain, SPLIT, "churn-split")
        assert MESSAGE in api_server.dry_update(plain, user=PERSON).message
        labelled(served, "note", "seen")
        assert api_server.dry_update(served, user=KNATIVE).message == ""
    finally:
        for item in (served, plain):
            api_server.delete(item)
