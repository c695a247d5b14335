"""No container owns its node."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.kubernetes.pods import CONTAINER, WORKLOADS, containers
from policies.property import items, true, value_at
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-not-privileged",
    title="No container is privileged or may become so",
    severity=Severity.CRITICAL,
    types=WORKLOADS,
    why="A privileged container is root on the node, and so in every pod on it.",
    remediation="Set security_context privileged False, allow_privilege_escalation False and drop all capabilities.",
    allowed=CONTAINER.allowed,
    disallowed=CONTAINER.with_context(privileged=True),
)
def not_privileged(args: ResourceValidationArgs) -> Iterator[str]:
    for name, container in containers(args):
        context = container.get("securityContext") or {}
        if true(context.get("privileged")):
            yield f"container {name} is privileged"
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"container {name} may escalate its privileges"
        if "ALL" not in items(value_at(context, "capabilities.drop")):
            yield f"container {name} does not drop all capabilities"
