"""Keys are rotated."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import true
from policies.rule import resource_rule


@resource_rule(
    id="aws-kms-rotated",
    title="KMS keys rotate by themselves",
    severity=Severity.MEDIUM,
    types=("aws:kms/key:Key",),
    why="Rotation limits how much one key protects.",
    remediation="Set enable_key_rotation to True.",
    allowed={"enableKeyRotation": True},
    disallowed={"description": "data"},
)
def kms_rotated(args: ResourceValidationArgs) -> Iterator[str]:
    symmetric = args.props.get("customerMasterKeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
    if symmetric and not true(args.props.get("enableKeyRotation")):
        yield "enable_key_rotation is off"
