"""The off-hours function against an API server of our own that keeps objects and merges patches as Kubernetes does."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from stacks.finops.off_hours_function.handler import change_cluster
from stacks.finops.off_hours_function.kubernetes_api import KubernetesApi
from stacks.finops.off_hours_function.node_pools import LIMITS, start_pool, stop_pool
from stacks.finops.off_hours_function.notebooks import stop_apps

POOL = "/apis/karpenter.sh/v1/nodepools/gpu"
SCALE = "/apis/apps/v1/namespaces/notebooks/deployments/hub/scale"
GIVEN = {"cpu": "16", "memory": "64Gi", "nvidia.com/gpu": "1"}


class Server:
    """Objects by path, and what was deleted."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {
            POOL: {"metadata": {"name": "gpu", "annotations": {"kept": "yes"}}, "spec": {"limits": dict(GIVEN), "weight": 10}},
            SCALE: {"metadata": {"name": "hub"}, "spec": {"replicas": 1}},
        }
        self.deleted: list[tuple[str, str]] = []


def merge(target: Any, change: Any) -> Any:
    """RFC 7396."""
    if not isinstance(change, dict):
        return change
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


@pytest.fixture
def server() -> Iterator[tuple[Server, KubernetesApi]]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            status, body = 200, state.objects.get(url.path)
            if self.headers["Authorization"] != "Bearer t0ken":
                status, body = 401, {}
            elif self.command == "DELETE":
                state.deleted.append((url.path, urllib.parse.parse_qs(url.query)["labelSelector"][0]))
                body = {}
            elif body is None:
                status, body = 404, {}
            elif self.command == "PATCH":
                assert self.headers["Content-Type"] == "application/merge-patch+json"
                body = state.objects[url.path] = merge(body, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    service = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    yield state, KubernetesApi(f"http://127.0.0.1:{service.server_port}/", None, "t0ken")
    service.shutdown()
    service.server_close()


def test_a_pool_is_stopped_and_started_as_it_was(server: tuple[Server, KubernetesApi]) -> None:
    state, api = server
    stop_pool(api, "gpu")
    stopped = state.objects[POOL]
    assert stopped["spec"] == {"limits": {"cpu": "0", "memory": "0", "nvidia.com/gpu": "0"}, "weight": 10}
    assert json.loads(stopped["metadata"]["annotations"][LIMITS]) == GIVEN
    assert state.deleted == [("/apis/karpenter.sh/v1/nodeclaims", "karpenter.sh/nodepool=gpu")]
    start_pool(api, "gpu")
    assert state.objects[POOL] == Server().objects[POOL]


def test_stopping_twice_remembers_the_first_limits(server: tuple[Server, KubernetesApi]) -> None:
    state, api = server
    stop_pool(api, "gpu")
    stop_pool(api, "gpu")
    start_pool(api, "gpu")
    assert state.objects[POOL]["spec"]["limits"] == GIVEN


def test_limits_that_a_deployment_gave_at_night_stay(server: tuple[Server, KubernetesApi]) -> None:
    state, api = server
    stop_pool(api, "gpu")
    state.objects[POOL]["spec"]["limits"] = {"cpu": "32", "memory": "128Gi", "nvidia.com/gpu": "2"}
    start_pool(api, "gpu")
    assert state.objects[POOL]["spec"]["limits"]["nvidia.com/gpu"] == "2"
    assert state.objects[POOL]["metadata"]["annotations"] == {"kept": "yes"}


def test_starting_what_was_not_stopped_changes_nothing(server: tuple[Server, KubernetesApi]) -> None:
    state, api = server
    start_pool(api, "gpu")
    assert state.objects == Server().objects


def test_one_event_stops_pools_and_notebooks_and_another_starts_them(server: tuple[Server, KubernetesApi]) -> None:
    state, api = server
    event = {"node_pools": ["gpu"], "hub_namespace": "notebooks", "domain": None}
    change_cluster(api, event | {"action": "stop"})
    assert state.objects[SCALE]["spec"]["replicas"] == 0
    assert state.deleted[-1] == ("/api/v1/namespaces/notebooks/pods", "component=singleuser-server")
    change_cluster(api, event | {"action": "start"})
    assert state.objects == Server().objects


def test_a_pool_that_is_gone_does_not_keep_the_others_running(server: tuple[Server, KubernetesApi]) -> None:
    state, api = server
    event = {"action": "stop", "node_pools": ["gone", "gpu"], "hub_namespace": None, "domain": None}
    with pytest.raises(urllib.error.HTTPError, match="404"):
        change_cluster(api, event)
    assert state.objects[POOL]["spec"]["limits"]["cpu"] == "0"


def test_running_apps_of_a_domain_are_ended_and_others_left() -> None:
    class SageMaker:
        def __init__(self) -> None:
            self.deleted: list[dict[str, str]] = []

        def get_paginator(self, verb: str) -> Any:
            assert verb == "list_apps"
            return self

        def paginate(self, **question: str) -> list[dict[str, Any]]:
            assert question == {"DomainIdEquals": "d-1"}
            running = {"AppType": "JupyterLab", "AppName": "default", "SpaceName": "ann", "Status": "InService"}
            return [{"Apps": [running]}, {"Apps": [running | {"SpaceName": "bob", "Status": "Deleted"}]}]

        def delete_app(self, **app: str) -> None:
            self.deleted.append(app)

    client = SageMaker()
    stop_apps(client, "d-1")
    assert client.deleted == [{"DomainId": "d-1", "AppType": "JupyterLab", "AppName": "default", "SpaceName": "ann"}]
