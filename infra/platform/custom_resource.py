"""An object of a kind that a chart brought into the cluster."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from mlctl.config.team import Team


def custom_resource(
    resource: str,
    *,
    api: str,
    kind: str,
    name: str,
    team: Team,
    spec: Any,
    opts: pulumi.ResourceOptions,
    namespace: str | None = None,
) -> kubernetes.apiextensions.CustomResource:
    """`api` is group and version, such as `kueue.x-k8s.io/v1beta2`; no namespace for kinds of the whole cluster."""
    metadata: dict[str, Any] = {"name": name, "labels": labels(name, team)}
    if namespace:
        metadata["namespace"] = namespace
    return kubernetes.apiextensions.CustomResource(resource, api_version=api, kind=kind, metadata=metadata, spec=spec, opts=opts)
