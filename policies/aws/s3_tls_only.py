"""Buckets refuse connections without TLS."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.documents import conditions, principals, statements, words
from policies.rule import Part, relation_rule
from policies.stack import Stack

_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
_DENY = '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}'


@relation_rule(
    id="aws-s3-tls-only",
    title="Every bucket refuses connections without TLS",
    severity=Severity.MEDIUM,
    types=("aws:s3/bucket:Bucket",),
    related=(_POLICY,),
    why="Data in transit must not be readable.",
    remediation="Add an aws.s3.BucketPolicy that denies s3:* where aws:SecureTransport is false.",
    allowed=(
        Part(type="aws:s3/bucket:Bucket", name="data"),
        Part(type=_POLICY, name="policy", props={"policy": _DENY}, refers={"bucket": ("data",)}),
    ),
    disallowed=(Part(type="aws:s3/bucket:Bucket", name="data"),),
)
def s3_tls_only(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    for policy in stack.pointing_at(subject, _POLICY, "bucket", "bucket"):
        for statement in statements(policy.props.get("policy")):
            refuses = statement.get("Effect") == "Deny" and "s3:*" in words(statement.get("Action"))
            insecure = any(key.lower() == "aws:securetransport" and values == ["false"] for _, key, values in conditions(statement))
            if refuses and insecure and ("AWS", "*") in principals(statement):
                return
    yield "has no policy that denies connections without TLS"
