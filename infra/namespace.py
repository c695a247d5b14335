"""A Kubernetes namespace with its Pod Security level."""

from __future__ import annotations

from typing import Literal

import pulumi
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from mlctl.config.team import Team

Level = Literal["privileged", "baseline", "restricted"]


def namespace(name: str, *, team: Team, level: Level, opts: pulumi.ResourceOptions, **further: str) -> kubernetes.core.v1.Namespace:
    """A namespace that refuses pods below `level`, and warns and logs where a pod is not `restricted`. `further` are more labels."""
    security = {
        "pod-security.kubernetes.io/enforce": level,
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
    }
    return kubernetes.core.v1.Namespace(
        name,
        metadata={"name": name, "labels": {**labels(name, team), **security, **further}},
        opts=opts,
    )
