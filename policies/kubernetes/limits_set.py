"""No container takes its neighbours' share."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.kubernetes.pods import CONTAINER, WORKLOADS, containers
from policies.property import given
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-limits-set",
    title="Containers have requests and a memory limit",
    severity=Severity.MEDIUM,
    types=WORKLOADS,
    why="Without requests nodes are bought blindly; without a limit one leak evicts its neighbours.",
    remediation="Set resources.requests.cpu, requests.memory and limits.memory.",
    allowed=CONTAINER.allowed,
    disallowed=CONTAINER.with_container(resources={"requests": {"cpu": "1"}}),
)
def limits_set(args: ResourceValidationArgs) -> Iterator[str]:
    for name, container in containers(args):
        wanted = ("requests.cpu", "requests.memory", "limits.memory")
        missing = [path for path in wanted if not given(container.get("resources") or {}, path)]
        if missing:
            yield f"container {name} has no {', '.join(missing)}"
