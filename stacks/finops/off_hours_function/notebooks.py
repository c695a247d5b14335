"""Stop and start notebooks: JupyterHub on the cluster, or the apps of a SageMaker domain."""

from __future__ import annotations

from typing import Any

from .node_pools import Api


def stop_hub(api: Api, namespace: str) -> None:
    """End every user's server, the hub first, so that it starts none again. Home volumes stay."""
    _scale(api, namespace, 0)
    api.delete_all(f"/api/v1/namespaces/{namespace}/pods", "component=singleuser-server")


def start_hub(api: Api, namespace: str) -> None:
    """The hub answers again; users start their own servers."""
    _scale(api, namespace, 1)


def _scale(api: Api, namespace: str, replicas: int) -> None:
    api.patch(f"/apis/apps/v1/namespaces/{namespace}/deployments/hub/scale", {"spec": {"replicas": replicas}})


def stop_apps(sagemaker: Any, domain: str) -> None:
    """Delete every running app of the domain; their disks stay, and people start them again when they come back."""
    pages = sagemaker.get_paginator("list_apps").paginate(DomainIdEquals=domain)
    for app in (app for page in pages for app in page["Apps"]):
        if app["Status"] == "InService":
            owner = {key: app[key] for key in ("UserProfileName", "SpaceName") if app.get(key)}
            sagemaker.delete_app(DomainId=domain, AppType=app["AppType"], AppName=app["AppName"], **owner)
