"""Who read what is written down."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.rule import Part, relation_rule
from policies.stack import Stack

_LOGGING = "aws:s3/bucketLogging:BucketLogging"


@relation_rule(
    id="aws-s3-access-logged",
    title="Access to every bucket is logged",
    severity=Severity.LOW,
    types=("aws:s3/bucket:Bucket",),
    related=(_LOGGING,),
    why="Without the log nobody can say who read personal data.",
    remediation="Add an aws.s3.BucketLogging that names the log bucket.",
    allowed=(
        Part(type="aws:s3/bucket:Bucket", name="data"),
        Part(type="aws:s3/bucket:Bucket", name="logs"),
        Part(type=_LOGGING, name="l", props={"targetPrefix": "data/"}, refers={"bucket": ("data",), "targetBucket": ("logs",)}),
    ),
    disallowed=(Part(type="aws:s3/bucket:Bucket", name="data"),),
)
def s3_access_logged(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    if stack.pointing_at(subject, _LOGGING, "bucket", "bucket"):
        return
    if stack.pointing_at(subject, _LOGGING, "targetBucket", "bucket"):
        return  # a log bucket that logs itself never stops
    yield "its access is not logged"
