"""The dashboards that come with the platform: serving, GPUs and cost."""

from __future__ import annotations

from infra.platform.dashboard import Dashboard, Panel


def dashboards() -> list[Dashboard]:
    """All of them."""
    return [serving(), gpus(), cost()]


def serving() -> Dashboard:
    """Requests, errors, latency and saturation of models on the cluster."""
    by = "k8s_namespace_name, kn_configuration_name"
    mine = 'k8s_namespace_name=~"$team"'
    requests = "http_server_request_duration_seconds_count"
    return Dashboard(
        uid="ml-serving",
        title="Serving",
        team_query=f"label_values({requests}, k8s_namespace_name)",
        panels=[
            Panel(
                title="Requests",
                query=f"sum by ({by}) (rate({requests}{{{mine}}}[5m]))",
                legend="{{kn_configuration_name}}",
                unit="reqps",
            ),
            Panel(
                title="Errors",
                query=f'sum by ({by}) (rate({requests}{{{mine}, http_response_status_code=~"5.."}}[5m]))'
                f" / sum by ({by}) (rate({requests}{{{mine}}}[5m]))",
                legend="{{kn_configuration_name}}",
                unit="percentunit",
            ),
            Panel(
                title="Latency, 99th percentile",
                query=f"histogram_quantile(0.99, sum by (le, {by}) (rate(http_server_request_duration_seconds_bucket{{{mine}}}[5m])))",
                legend="{{kn_configuration_name}}",
                unit="s",
            ),
            Panel(
                title="Replicas ready",
                query='sum by (namespace, deployment) (kube_deployment_status_replicas_ready{namespace=~"$team"})',
                legend="{{deployment}}",
                unit="short",
            ),
            Panel(
                title="CPU used of requested",
                query='sum by (namespace) (rate(container_cpu_usage_seconds_total{namespace=~"$team", container!=""}[5m]))'
                ' / sum by (namespace) (kube_pod_container_resource_requests{namespace=~"$team", resource="cpu"})',
                legend="{{namespace}}",
                unit="percentunit",
            ),
            Panel(
                title="Restarts in an hour",
                query='sum by (namespace, pod) (increase(kube_pod_container_status_restarts_total{namespace=~"$team"}[1h])) > 0',
                legend="{{pod}}",
                unit="short",
            ),
        ],
    )


def gpus() -> Dashboard:
    """How many GPUs there are, who holds them, and whether they work."""
    mine = 'exported_namespace=~"$team"'
    held = 'kube_pod_container_resource_requests{namespace=~"$team", resource="nvidia_com_gpu"}'
    return Dashboard(
        uid="ml-gpus",
        title="GPUs",
        team_query="label_values(DCGM_FI_DEV_GPU_UTIL, exported_namespace)",
        panels=[
            Panel(
                title="Utilisation",
                query=f"avg by (exported_namespace, exported_pod) (DCGM_FI_DEV_GPU_UTIL{{{mine}}}) / 100",
                legend="{{exported_pod}}",
                unit="percentunit",
            ),
            Panel(
                title="Held by nobody",
                query='sum(kube_node_status_allocatable{resource="nvidia_com_gpu"})'
                ' - sum(kube_pod_container_resource_requests{resource="nvidia_com_gpu"})',
                legend="GPUs",
                unit="short",
                description="Paid for and idle: no team is charged for them unless idle cost is shared.",
            ),
            Panel(
                title="Held by each team",
                query=f"sum by (namespace) ({held})",
                legend="{{namespace}}",
                unit="short",
            ),
            Panel(
                title="Quota used",
                query='sum by (namespace) (kube_resourcequota{namespace=~"$team", resource="requests.nvidia.com/gpu", type="used"})'
                ' / sum by (namespace) (kube_resourcequota{namespace=~"$team", resource="requests.nvidia.com/gpu", type="hard"} > 0)',
                legend="{{namespace}}",
                unit="percentunit",
            ),
            Panel(
                title="GPU memory used",
                query=f"sum by (exported_namespace, exported_pod) (DCGM_FI_DEV_FB_USED{{{mine}}}) * 1024 * 1024",
                legend="{{exported_pod}}",
                unit="bytes",
            ),
            Panel(
                title="Nodes per pool",
                query='count by (label_node_pool) (kube_node_labels{label_node_pool!=""})',
                legend="{{label_node_pool}}",
                unit="short",
            ),
        ],
    )


def cost() -> Dashboard:
    """What nodes and pods cost, from the cost exporter's hourly prices."""
    hourly_cpu = "on(node) group_left() avg by (node) (node_cpu_hourly_cost)"
    hourly_ram = "on(node) group_left() avg by (node) (node_ram_hourly_cost)"
    hourly_gpu = "on(node) group_left() avg by (node) (node_gpu_hourly_cost)"
    team = 'namespace=~"$team"'
    return Dashboard(
        uid="ml-cost",
        title="Cost",
        team_query="label_values(container_cpu_allocation, namespace)",
        panels=[
            Panel(title="All nodes, USD per hour", query="sum(node_total_hourly_cost)", legend="nodes", unit="currencyUSD"),
            Panel(
                title="Nodes by type, USD per hour",
                query="sum by (instance_type) (node_total_hourly_cost)",
                legend="{{instance_type}}",
                unit="currencyUSD",
            ),
            Panel(
                title="CPU by team, USD per hour",
                query=f"sum by (namespace) (container_cpu_allocation{{{team}}} * {hourly_cpu})",
                legend="{{namespace}}",
                unit="currencyUSD",
            ),
            Panel(
                title="Memory by team, USD per hour",
                query=f"sum by (namespace) (container_memory_allocation_bytes{{{team}}} / 1024 / 1024 / 1024 * {hourly_ram})",
                legend="{{namespace}}",
                unit="currencyUSD",
            ),
            Panel(
                title="GPUs by team, USD per hour",
                query=f"sum by (namespace) (container_gpu_allocation{{{team}}} * {hourly_gpu})",
                legend="{{namespace}}",
                unit="currencyUSD",
            ),
            Panel(
                title="Volumes by team, USD per hour",
                query="sum by (namespace) (pod_pvc_allocation{" + team + "} / 1024 / 1024 / 1024"
                " * on(persistentvolume) group_left() pv_hourly_cost)",
                legend="{{namespace}}",
                unit="currencyUSD",
            ),
        ],
    )
