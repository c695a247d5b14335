"""No bucket can become public."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.property import true
from policies.rule import Part, relation_rule
from policies.stack import Stack

_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_CLOSED = dict.fromkeys(_SWITCHES, True)


@relation_rule(
    id="aws-s3-public-access-blocked",
    title="Every bucket blocks public access",
    severity=Severity.CRITICAL,
    types=("aws:s3/bucket:Bucket",),
    related=(_BLOCK,),
    why="One wrong policy or ACL must not publish the data.",
    remediation="Add an aws.s3.BucketPublicAccessBlock with all four switches on.",
    allowed=(
        Part(type="aws:s3/bucket:Bucket", name="data"),
        Part(type=_BLOCK, name="block", props=_CLOSED, refers={"bucket": ("data",)}),
    ),
    disallowed=(
        Part(type="aws:s3/bucket:Bucket", name="data"),
        Part(type=_BLOCK, name="block", props={**_CLOSED, "blockPublicPolicy": False}, refers={"bucket": ("data",)}),
    ),
)
def s3_public_access_blocked(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    blocks = stack.pointing_at(subject, _BLOCK, "bucket", "bucket")
    if not blocks:
        yield "has no BucketPublicAccessBlock"
    for block in blocks:
        off = [switch for switch in _SWITCHES if not true(block.props.get(switch))]
        if off:
            yield f"its public access block leaves {', '.join(off)} off"
