"""The dashboards are what Grafana loads, and ask only for metrics that something here exports."""

from __future__ import annotations

import json
import re

import pytest

from infra.platform.dashboard import Dashboard, dashboard_json
from infra.platform.dashboards import dashboards

EXPORTED = {
    "knative": {"http_server_request_duration_seconds_bucket", "http_server_request_duration_seconds_count"},
    "kube-state-metrics": {
        "kube_deployment_status_replicas_ready",
        "kube_node_labels",
        "kube_node_status_allocatable",
        "kube_pod_container_resource_requests",
        "kube_pod_container_status_restarts_total",
        "kube_resourcequota",
    },
    "kubelet": {"container_cpu_usage_seconds_total"},
    "dcgm-exporter": {"DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_UTIL"},
    "opencost": {
        "container_cpu_allocation",
        "container_gpu_allocation",
        "container_memory_allocation_bytes",
        "node_cpu_hourly_cost",
        "node_gpu_hourly_cost",
        "node_ram_hourly_cost",
        "node_total_hourly_cost",
        "pod_pvc_allocation",
        "pv_hourly_cost",
    },
}
METRIC = re.compile(r"\b(?:http_server|kube|container|node|pod_pvc|pv|DCGM_FI)_\w+")
LABEL_LISTS = re.compile(r"(?:by|on|label_values)\s*\([^()]*\)|\{[^}]*\}")


def metrics(page: Dashboard) -> set[str]:
    queries = [panel.query for panel in page.panels] + [page.team_query.removeprefix("label_values(").split(",")[0]]
    return {name for query in queries for name in METRIC.findall(LABEL_LISTS.sub(" ", query))}


def test_there_is_one_for_serving_gpus_and_cost() -> None:
    assert [page.uid for page in dashboards()] == ["ml-serving", "ml-gpus", "ml-cost"]


def test_every_metric_is_exported_and_every_listed_one_is_shown() -> None:
    asked = set().union(*(metrics(page) for page in dashboards()))
    assert asked == set().union(*EXPORTED.values())


@pytest.mark.parametrize("page", dashboards(), ids=lambda page: page.uid)
def test_panels_do_not_overlap_and_parentheses_close(page: Dashboard) -> None:
    made = json.loads(dashboard_json(page))
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in made["panels"]]
    assert len(set(places)) == len(places) == len(page.panels)
    assert {x for x, _ in places} <= {0, 12}
    for panel in made["panels"]:
        query = panel["targets"][0]["expr"]
        assert [query.count(left) for left in "({["] == [query.count(right) for right in ")}]"], query
