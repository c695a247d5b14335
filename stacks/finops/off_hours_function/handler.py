"""Entry point of the Lambda function.

The event: `{"action": "stop" | "start", "node_pools": [...], "hub_namespace": str | null, "domain": str | null}`.
The environment: CLUSTER, ENDPOINT, CERTIFICATE (base64), REGION.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from typing import Any

from .kubernetes_api import KubernetesApi, cluster_token
from .node_pools import Api, start_pool, stop_pool
from .notebooks import start_hub, stop_apps, stop_hub


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Stop or start everything that the event names; an exception makes EventBridge Scheduler try again."""
    cluster, region = os.environ["CLUSTER"], os.environ["REGION"]
    certificate = base64.b64decode(os.environ["CERTIFICATE"]).decode()
    api = KubernetesApi(os.environ["ENDPOINT"], certificate, cluster_token(cluster, region))
    change_cluster(api, event)
    if event["action"] == "stop" and event["domain"]:
        import boto3

        stop_apps(boto3.client("sagemaker", region_name=region), event["domain"])
    return event


def change_cluster(api: Api, event: dict[str, Any]) -> None:
    """The part of the event that concerns the cluster. Everything is tried before the first failure is raised."""
    stop = event["action"] == "stop"
    steps: list[tuple[Callable[[Api, str], None], str]] = [(stop_pool if stop else start_pool, name) for name in event["node_pools"]]
    if namespace := event["hub_namespace"]:
        steps.append((stop_hub if stop else start_hub, namespace))
    failures: list[Exception] = []
    for step, name in steps:
        try:
            step(api, name)
        except Exception as error:
            failures.append(error)
    if failures:
        raise failures[0]
