"""Every pod that a rendered workflow starts is admitted to its team's namespace, by a real API server with the plan's policies."""

from __future__ import annotations

import pytest

from mlctl.plan.environment import Repository
from tests.conftest import PlanOf
from tests.engine.api_server import ApiServer
from tests.engine.fidelity import Fidelity
from tests.engine.platform_objects import installed
from tests.engine.workflow_pods import claims, pods, rendered, workflow_spec

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_every_pod_is_admitted(
    api_server: ApiServer, plan_of: PlanOf, repository: Repository, environment: str, fidelity: Fidelity
) -> None:
    manifests = list(rendered(repository.root / "workflows" / "rendered" / environment))
    assert manifests, f"nothing is rendered for {environment}"
    judged, refused = 0, []
    with installed(api_server, plan_of(environment)) as teams:
        for path, manifest in manifests:
            assert manifest["metadata"]["namespace"] in teams
            for wanted in (*pods(manifest), *claims(manifest)):
                judged += 1
                verdict = api_server.dry_run(wanted, manifest["metadata"]["namespace"])
                if not verdict.accepted:
                    refused.append(f"{path.name} {wanted['kind']} {wanted['metadata']['name']}: {verdict.message}")
    assert judged > 10
    fidelity.record("workflow pods", judged, refused)
    assert refused == []


def test_a_workflow_that_does_not_name_its_owner_is_refused(api_server: ApiServer, plan_of: PlanOf, repository: Repository) -> None:
    _, manifest = next(item for item in rendered(repository.root / "workflows" / "rendered" / "dev") if list(pods(item[1])))
    del manifest["spec"]["podMetadata"]
    with installed(api_server, plan_of("dev")):
        messages = [api_server.dry_run(pod).message for pod in pods(manifest)]
    assert all("'pod-owner'" in message for message in messages)


def test_no_template_is_left_out(repository: Repository) -> None:
    """What starts no pod: a graph, a list of steps, a wait. Anything else must be known to `workflow_pods`."""
    known = {"dag", "steps", "suspend", "script", "container", "resource"}
    for path, manifest in rendered(repository.root / "workflows" / "rendered" / "prod"):
        for template in workflow_spec(manifest).get("templates", []):
            assert known & template.keys(), f"{path.name}: {template['name']}"
            assert not {"podSpecPatch", "containerSet", "initContainers"} & template.keys(), f"{path.name}: {template['name']}"
