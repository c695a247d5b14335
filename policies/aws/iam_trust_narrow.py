"""A role says who may take it."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.documents import allowing, principals
from policies.rule import resource_rule


@resource_rule(
    id="aws-iam-trust-narrow",
    title="A role's trust policy names who may assume it",
    severity=Severity.CRITICAL,
    types=("aws:iam/role:Role",),
    why="A role that trusts everybody belongs to everybody.",
    remediation="Name the service, account or role as principal.",
    allowed={
        "assumeRolePolicy": '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
    },
    disallowed={"assumeRolePolicy": '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}'},
)
def iam_trust_narrow(args: ResourceValidationArgs) -> Iterator[str]:
    for statement in allowing(args.props.get("assumeRolePolicy")):
        if ("AWS", "*") in principals(statement):
            yield "trusts every AWS principal"
