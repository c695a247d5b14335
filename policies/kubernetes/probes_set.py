"""A pod that cannot answer gets no requests."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.kubernetes.pods import CONTAINER, containers
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-probes-set",
    title="Services have a readiness probe",
    severity=Severity.LOW,
    types=("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet"),
    why="Without it a rollout sends requests to pods that are not up.",
    remediation="Give the main container a readiness_probe.",
    allowed=CONTAINER.allowed,
    disallowed=CONTAINER.without("readinessProbe"),
)
def probes_set(args: ResourceValidationArgs) -> Iterator[str]:
    mains = [(name, container) for name, container in containers(args, initial=False)]
    if mains and not any("readinessProbe" in container for _, container in mains):
        yield "has no readiness probe"
