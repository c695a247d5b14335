"""Every Kubernetes object of the plans is accepted by a real API server, and so its admission policies work."""

from __future__ import annotations

import pytest

from mlctl.plan.model import Plan
from tests.conftest import PlanOf
from tests.engine.api_server import ApiServer
from tests.engine.fidelity import Fidelity
from tests.engine.manifests import manifest, objects

pytestmark = pytest.mark.engine

NOT_TO_BE_HAD = {
    "argoproj.io": "Argo Workflows",
    "serving.kserve.io": "KServe",
    "ray.io": "KubeRay",
    "kueue.x-k8s.io": "Kueue",
    "operator.knative.dev": "Knative",
    "monitoring.coreos.com": "Prometheus operator",
}
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
