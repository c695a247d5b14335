"""Topics are encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given
from policies.rule import resource_rule


@resource_rule(
    id="aws-sns-encrypted",
    title="Topics are encrypted",
    severity=Severity.MEDIUM,
    types=("aws:sns/topic:Topic",),
    why="Alarms and budget mails say much about the inside.",
    remediation="Set kms_master_key_id.",
    allowed={"kmsMasterKeyId": "arn:aws:kms:…"},
    disallowed={"displayName": "alarms"},
)
def sns_encrypted(args: ResourceValidationArgs) -> Iterator[str]:
    if not given(args.props, "kmsMasterKeyId"):
        yield "is not encrypted"
