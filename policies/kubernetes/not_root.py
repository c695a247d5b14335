"""No container runs as root."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.kubernetes.pods import CONTAINER, WORKLOADS, containers, pod
from policies.property import true, value_at
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-not-root",
    title="No container runs as root",
    severity=Severity.HIGH,
    types=WORKLOADS,
    why="Root inside is one kernel bug away from root outside.",
    remediation="Set run_as_non_root True in the pod's or the container's security_context.",
    allowed=CONTAINER.allowed,
    disallowed=CONTAINER.with_context(runAsNonRoot=False),
)
def not_root(args: ResourceValidationArgs) -> Iterator[str]:
    shared = value_at(pod(args) or {}, "securityContext.runAsNonRoot")
    for name, container in containers(args):
        own = value_at(container, "securityContext.runAsNonRoot")
        if not true(shared if own is None else own):
            yield f"container {name} may run as root"
