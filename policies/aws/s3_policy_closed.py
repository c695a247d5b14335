"""No bucket policy lets strangers in."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.documents import open_to_anyone, statements, words
from policies.rule import resource_rule


@resource_rule(
    id="aws-s3-policy-closed",
    title="A bucket's policy names who may use it",
    severity=Severity.CRITICAL,
    types=("aws:s3/bucketPolicy:BucketPolicy", "aws:s3/bucket:Bucket"),
    why="A policy that allows every principal publishes the data.",
    remediation="Name the accounts or roles as principals, or add a condition such as aws:SourceAccount.",
    allowed={
        "policy": '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"}]}'
    },
    disallowed={"policy": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]}'},
)
def s3_policy_closed(args: ResourceValidationArgs) -> Iterator[str]:
    for statement in statements(args.props.get("policy")):
        if open_to_anyone(statement):
            yield f"lets anyone {', '.join(words(statement.get('Action')))}"
