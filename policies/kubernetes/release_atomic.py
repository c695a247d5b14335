"""A failed release is undone."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import true
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-release-atomic",
    title="A failed Helm release rolls back",
    severity=Severity.LOW,
    types=("kubernetes:helm.sh/v3:Release",),
    why="A half-installed release blocks the next one.",
    remediation="Set atomic True (or cleanup_on_fail True).",
    allowed={"atomic": True},
    disallowed={"atomic": False},
)
def release_atomic(args: ResourceValidationArgs) -> Iterator[str]:
    if not true(args.props.get("atomic")) and not true(args.props.get("cleanupOnFail")):
        yield "leaves a failed release half installed"
