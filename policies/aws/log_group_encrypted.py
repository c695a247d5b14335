"""Logs are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given
from policies.rule import resource_rule


@resource_rule(
    id="aws-log-group-encrypted",
    title="Log groups are encrypted with our own key",
    severity=Severity.MEDIUM,
    types=("aws:cloudwatch/logGroup:LogGroup",),
    why="Logs hold requests, names and sometimes secrets.",
    remediation="Set kms_key_id.",
    allowed={"kmsKeyId": "arn:aws:kms:…"},
    disallowed={"retentionInDays": 30},
)
def log_group_encrypted(args: ResourceValidationArgs) -> Iterator[str]:
    if not given(args.props, "kmsKeyId"):
        yield "is not encrypted with a key of our own"
