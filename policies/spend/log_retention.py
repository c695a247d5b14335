"""Logs do not pile up for ever."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import number
from policies.rule import resource_rule
from policies.settings import Settings


@resource_rule(
    id="spend-log-retention",
    title="Log groups forget",
    severity=Severity.MEDIUM,
    types=("aws:cloudwatch/logGroup:LogGroup",),
    why="A log group without retention grows for ever, and personal data in it stays for ever.",
    remediation="Set retention_in_days, at most the longest that the environment asks for.",
    allowed={"retentionInDays": 90},
    disallowed={"name": "/aws/eks/acme"},
)
def log_retention(args: ResourceValidationArgs) -> Iterator[str]:
    longest = Settings(args.get_config()).longest_log_retention
    days = number(args.props.get("retentionInDays"), 0)
    if days <= 0:
        yield "is kept for ever"
    elif days > longest:
        yield f"is kept {days:g} days; the environment asks for {longest} at most"
