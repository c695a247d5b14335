"""No pod sees its node."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.kubernetes.pods import CONTAINER, WORKLOADS, pod
from policies.property import items, true
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-host-separate",
    title="No pod uses the node's network, processes or files",
    severity=Severity.HIGH,
    types=WORKLOADS,
    why="A pod on the node's network reads its credentials.",
    remediation="Remove host_network, host_pid, host_ipc and hostPath volumes.",
    allowed=CONTAINER.allowed,
    disallowed=CONTAINER.with_pod(hostNetwork=True),
)
def host_separate(args: ResourceValidationArgs) -> Iterator[str]:
    spec = pod(args) or {}
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if true(spec.get(key)):
            yield f"uses {key}"
    for volume in items(spec.get("volumes")):
        if "hostPath" in volume:
            yield f"volume {volume.get('name')} is a path of the node"
