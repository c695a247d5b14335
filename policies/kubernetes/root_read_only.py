"""No container writes into its own image."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.kubernetes.pods import CONTAINER, WORKLOADS, containers
from policies.property import true, value_at
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-root-read-only",
    title="Containers have a read-only root file system",
    severity=Severity.MEDIUM,
    types=WORKLOADS,
    why="What cannot be written cannot be replaced by an intruder.",
    remediation="Set security_context.read_only_root_filesystem True and mount an emptyDir where the program writes.",
    allowed=CONTAINER.allowed,
    disallowed=CONTAINER.with_context(readOnlyRootFilesystem=False),
)
def root_read_only(args: ResourceValidationArgs) -> Iterator[str]:
    for name, container in containers(args):
        if not true(value_at(container, "securityContext.readOnlyRootFilesystem")):
            yield f"container {name} can write to its root file system"
