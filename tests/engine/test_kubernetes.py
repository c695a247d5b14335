"""Every Kubernetes object of the plans, every rendered workflow and every object that one creates is accepted by a real API server."""

from __future__ import annotations

import pytest

from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan
from tests.conftest import PlanOf
from tests.engine.api_server import ApiServer
from tests.engine.fidelity import Fidelity
from tests.engine.manifests import manifest, objects
from tests.engine.workflow_pods import created, rendered

pytestmark = pytest.mark.engine

NOT_TO_BE_HAD = {"operator.knative.dev": "Knative"}
"""API groups whose CRDs cannot be fetched where these tests were written: their objects are counted as not judged, by name."""


def create_namespaces(api_server: ApiServer, plan: Plan) -> None:
    for resource in objects(plan):
        if resource.type == "kubernetes:core/v1:Namespace":
            verdict = api_server.create(manifest(resource))
            assert verdict.accepted or verdict.status == 409, verdict.message


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_every_object_is_accepted(api_server: ApiServer, plan_of: PlanOf, environment: str, fidelity: Fidelity) -> None:
    plan = plan_of(environment)
    create_namespaces(api_server, plan)
    refused: list[str] = []
    not_judged: set[str] = set()
    judged = 0
    for resource in objects(plan):
        wanted = manifest(resource)
        group = str(wanted["apiVersion"]).rpartition("/")[0]
        if group in NOT_TO_BE_HAD and not api_server.has_kind(wanted):
            not_judged.add(f"{wanted['apiVersion']} {wanted['kind']} ({NOT_TO_BE_HAD[group]})")
            continue
        verdict = api_server.dry_run(wanted)
        judged += 1
        there_already = verdict.status == 409 and wanted["kind"] == "Namespace"
        if not verdict.accepted and not there_already:
            refused.append(f"{resource.file}:{resource.line} {wanted['kind']} {resource.name}: {verdict.message}")
    assert judged > 30
    fidelity.record("objects", judged, refused)
    fidelity.not_judged |= not_judged
    assert refused == []


@pytest.mark.usefixtures("crds")
@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_every_workflow_is_accepted(
    api_server: ApiServer, plan_of: PlanOf, repository: Repository, environment: str, fidelity: Fidelity
) -> None:
    create_namespaces(api_server, plan_of(environment))
    judged, refused = 0, []
    for path, workflow in rendered(repository.root / "workflows" / "rendered" / environment):
        for name, wanted in (("", workflow), *created(workflow)):
            judged += 1
            verdict = api_server.dry_run(wanted, workflow["metadata"]["namespace"])
            if not verdict.accepted:
                refused.append(f"{environment}/{path.name} {name} {wanted['kind']}: {verdict.message}")
    assert judged > 20
    fidelity.record("workflow objects", judged, refused)
    assert refused == []
