"""File systems are encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, true
from policies.rule import resource_rule


@resource_rule(
    id="aws-efs-encrypted",
    title="File systems are encrypted with our own key",
    severity=Severity.HIGH,
    types=("aws:efs/fileSystem:FileSystem",),
    why="Home folders hold data of customers.",
    remediation="Set encrypted to True and kms_key_id to a key of your own.",
    allowed={"encrypted": True, "kmsKeyId": "arn:aws:kms:…"},
    disallowed={"encrypted": False},
)
def efs_encrypted(args: ResourceValidationArgs) -> Iterator[str]:
    if not true(args.props.get("encrypted")) or not given(args.props, "kmsKeyId"):
        yield "is not encrypted with a key of our own"
