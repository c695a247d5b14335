"""Workloads say what they are."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.kubernetes.pods import WORKLOADS
from policies.property import value_at
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-labels-recommended",
    title="Workloads carry the recommended labels",
    severity=Severity.LOW,
    types=WORKLOADS,
    why="Dashboards, cost allocation and network policies find workloads by label.",
    remediation="Add the labels app.kubernetes.io/name and app.kubernetes.io/part-of.",
    allowed={"metadata": {"labels": {"app.kubernetes.io/name": "router", "app.kubernetes.io/part-of": "serving"}}},
    disallowed={"metadata": {"name": "router"}},
)
def labels_recommended(args: ResourceValidationArgs) -> Iterator[str]:
    labels = value_at(args.props, "metadata.labels") or {}
    missing = [key for key in ("app.kubernetes.io/name", "app.kubernetes.io/part-of") if key not in labels]
    if missing:
        yield f"lacks the labels {', '.join(missing)}"
