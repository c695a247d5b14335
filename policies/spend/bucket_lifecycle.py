"""Objects move to cheaper storage and old versions go."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.property import items
from policies.rule import Part, relation_rule
from policies.stack import Stack

_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_RULE = {"id": "age", "status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}


@relation_rule(
    id="spend-bucket-lifecycle",
    title="Every bucket has a lifecycle",
    severity=Severity.LOW,
    types=("aws:s3/bucket:Bucket",),
    related=(_LIFECYCLE,),
    why="Old versions and broken uploads are paid for and never read.",
    remediation="Add an aws.s3.BucketLifecycleConfiguration with an enabled rule.",
    allowed=(
        Part(type="aws:s3/bucket:Bucket", name="data"),
        Part(type=_LIFECYCLE, name="l", props={"rules": [_RULE]}, refers={"bucket": ("data",)}),
    ),
    disallowed=(Part(type="aws:s3/bucket:Bucket", name="data"),),
)
def bucket_lifecycle(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    for lifecycle in stack.pointing_at(subject, _LIFECYCLE, "bucket", "bucket"):
        if any(rule.get("status") == "Enabled" for rule in items(lifecycle.props.get("rules"))):
            return
    yield "has no lifecycle"
