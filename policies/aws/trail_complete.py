"""The account's trail misses nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, true
from policies.rule import resource_rule


@resource_rule(
    id="aws-trail-complete",
    title="The trail covers all regions, is validated and encrypted",
    severity=Severity.HIGH,
    types=("aws:cloudtrail/trail:Trail",),
    why="A trail that can be altered or avoided proves nothing.",
    remediation="Set is_multi_region_trail and enable_log_file_validation to True, and kms_key_id.",
    allowed={"isMultiRegionTrail": True, "enableLogFileValidation": True, "kmsKeyId": "arn:aws:kms:…"},
    disallowed={"isMultiRegionTrail": False, "enableLogFileValidation": True, "kmsKeyId": "arn:aws:kms:…"},
)
def trail_complete(args: ResourceValidationArgs) -> Iterator[str]:
    for key in ("isMultiRegionTrail", "enableLogFileValidation"):
        if not true(args.props.get(key)):
            yield f"{key} is off"
    if not given(args.props, "kmsKeyId"):
        yield "is not encrypted with a key of our own"
    if args.props.get("enableLogging") is False:
        yield "is switched off"
