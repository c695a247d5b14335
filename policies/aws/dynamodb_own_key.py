"""Tables are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, true, value_at
from policies.rule import resource_rule


@resource_rule(
    id="aws-dynamodb-own-key",
    title="Tables are encrypted with our own key",
    severity=Severity.MEDIUM,
    types=("aws:dynamodb/table:Table",),
    why="A key of our own can be revoked and its use is logged.",
    remediation="Set server_side_encryption with enabled True and kms_key_arn.",
    allowed={"serverSideEncryption": {"enabled": True, "kmsKeyArn": "arn:aws:kms:…"}},
    disallowed={"serverSideEncryption": {"enabled": True}},
)
def dynamodb_own_key(args: ResourceValidationArgs) -> Iterator[str]:
    if not true(value_at(args.props, "serverSideEncryption.enabled")) or not given(args.props, "serverSideEncryption.kmsKeyArn"):
        yield "is not encrypted with a key of our own"
