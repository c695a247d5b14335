"""No stranger may use a key."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.documents import open_to_anyone, statements, words
from policies.rule import resource_rule


@resource_rule(
    id="aws-kms-policy-closed",
    title="A key's policy names who may use it",
    severity=Severity.CRITICAL,
    types=("aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy"),
    why="A policy that allows every principal hands the data to every AWS account.",
    remediation="Name the account or the roles as principals, or add a condition such as kms:CallerAccount.",
    allowed={
        "policy": '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:*", "Resource": "*"}]}'
    },
    disallowed={"policy": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]}'},
)
def kms_policy_closed(args: ResourceValidationArgs) -> Iterator[str]:
    for statement in statements(args.props.get("policy")):
        if open_to_anyone(statement):
            yield f"lets anyone {', '.join(words(statement.get('Action')))}"
