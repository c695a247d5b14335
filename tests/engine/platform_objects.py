"""Puts the objects of a plan that judge pods into the API server: namespaces, admission policies, quotas, limits, priorities."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any

from mlctl.plan.model import Plan
from tests.engine.api_server import ApiServer, User
from tests.engine.manifests import manifest, objects
from tests.engine.pods import REFUSED_BY

Object = Mapping[str, Any]

POLICIES = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
JUDGES = POLICIES | {"LimitRange", "ResourceQuota", "PriorityClass"}

PERSON = User("somebody", "team:people")
"""One of a team's people, with Kubernetes' own `edit`."""
KNATIVE = User("system:serviceaccount:knative-serving:controller")
REPLICAS = User("system:serviceaccount:kube-system:replicaset-controller")


def _grant(group: str) -> Object:
    """The rights of `edit`. The role itself is put together by a controller, and there is none here; this one it is put together from."""
    api = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{api}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": group},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": "system:aggregate-to-edit"},
        "subjects": [{"apiGroup": api, "kind": "Group", "name": group}],
    }


GRANTS = (_grant("team:people"), _grant("system:serviceaccounts:knative-serving"))


@contextmanager
def installed(api_server: ApiServer, plan: Plan, kinds: Set[str] = JUDGES) -> Iterator[dict[str, Object]]:
    """Installs them, waits until they are enforced, and gives the teams' namespaces by name. Takes all but namespaces away again."""
    planned = [manifest(resource) for resource in objects(plan)]
    namespaces = [item for item in planned if item["kind"] == "Namespace"]
    judges = [item for item in planned if item["kind"] in kinds]
    assert {item["kind"] for item in judges} == kinds
    for item in namespaces:
        verdict = api_server.create(item)
        assert verdict.accepted or verdict.status == 409, verdict.message
    for grant in GRANTS:
        verdict = api_server.create(grant)
        assert verdict.accepted or verdict.status == 409, verdict.message
    try:
        for item in judges:
            verdict = api_server.create(item)
            assert verdict.accepted, verdict.message
        teams: dict[str, Object] = {
            item["metadata"]["name"]: item for item in namespaces if "ml-platform/team" in item["metadata"]["labels"]
        }
        policies = [item["metadata"]["name"] for item in judges if item["kind"] == "ValidatingAdmissionPolicy"]
        wait_until_enforced(api_server, list(teams.values()), policies)
        yield teams
    finally:
        for item in judges:
            api_server.delete(item)


def wait_until_enforced(api_server: ApiServer, namespaces: Sequence[Object], policies: Sequence[str], seconds: float = 60) -> None:
    """A policy is enforced once the server's own watch has seen it: until then it lets in what it must refuse."""
    end = time.monotonic() + seconds
    for namespace in namespaces:
        for policy in policies:
            while f"'{policy}'" not in api_server.dry_run(REFUSED_BY[policy](namespace), user=PERSON).message:
                assert time.monotonic() < end, f"{policy} is not enforced in {namespace['metadata']['name']} after {seconds} s"
                time.sleep(0.2)
