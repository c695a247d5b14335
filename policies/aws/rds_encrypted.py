"""Databases are encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, true
from policies.rule import resource_rule


@resource_rule(
    id="aws-rds-encrypted",
    title="Databases are encrypted with our own key",
    severity=Severity.HIGH,
    types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
    why="A copied disk or snapshot must not be readable.",
    remediation="Set storage_encrypted to True and kms_key_id to a key of your own.",
    allowed={"storageEncrypted": True, "kmsKeyId": "arn:aws:kms:…"},
    disallowed={"storageEncrypted": False},
)
def rds_encrypted(args: ResourceValidationArgs) -> Iterator[str]:
    if not true(args.props.get("storageEncrypted")):
        yield "storage_encrypted is off"
    elif not given(args.props, "kmsKeyId"):
        yield "is encrypted with AWS's key, not our own"
