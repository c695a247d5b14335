"""Queues are encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, true
from policies.rule import resource_rule


@resource_rule(
    id="aws-sqs-encrypted",
    title="Queues are encrypted",
    severity=Severity.MEDIUM,
    types=("aws:sqs/queue:Queue",),
    why="Messages carry requests and their answers.",
    remediation="Set kms_master_key_id to a key of your own, or sqs_managed_sse_enabled to True.",
    allowed={"kmsMasterKeyId": "arn:aws:kms:…"},
    disallowed={"sqsManagedSseEnabled": False},
)
def sqs_encrypted(args: ResourceValidationArgs) -> Iterator[str]:
    if not given(args.props, "kmsMasterKeyId") and not true(args.props.get("sqsManagedSseEnabled")):
        yield "is not encrypted"
