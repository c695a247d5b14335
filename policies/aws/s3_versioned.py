"""An overwritten object can be brought back."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.property import value_at
from policies.rule import Part, relation_rule
from policies.stack import Stack

_VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"


@relation_rule(
    id="aws-s3-versioned",
    title="Every bucket keeps old versions",
    severity=Severity.MEDIUM,
    types=("aws:s3/bucket:Bucket",),
    related=(_VERSIONING,),
    why="Training data and models that were overwritten or deleted can be brought back.",
    remediation="Add an aws.s3.BucketVersioning with status Enabled.",
    allowed=(
        Part(type="aws:s3/bucket:Bucket", name="data"),
        Part(type=_VERSIONING, name="v", props={"versioningConfiguration": {"status": "Enabled"}}, refers={"bucket": ("data",)}),
    ),
    disallowed=(
        Part(type="aws:s3/bucket:Bucket", name="data"),
        Part(type=_VERSIONING, name="v", props={"versioningConfiguration": {"status": "Suspended"}}, refers={"bucket": ("data",)}),
    ),
)
def s3_versioned(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    found = stack.pointing_at(subject, _VERSIONING, "bucket", "bucket")
    if not any(value_at(item.props, "versioningConfiguration.status") == "Enabled" for item in found):
        yield "does not keep old versions"
