"""No role may do everything."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.documents import allowing, words
from policies.rule import resource_rule

_TYPES = (
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/groupPolicy:GroupPolicy",
    "aws:iam/userPolicy:UserPolicy",
)


@resource_rule(
    id="aws-iam-actions-narrow",
    title="IAM policies name their actions",
    severity=Severity.CRITICAL,
    types=_TYPES,
    why="Whoever takes over a role with `*` owns the account.",
    remediation="List the actions that are needed; `s3:Get*` is fine, `s3:*` on every resource and `*` are not.",
    allowed={"policy": '{"Statement": [{"Effect": "Allow", "Action": ["s3:Get*"], "Resource": "*"}]}'},
    disallowed={"policy": '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'},
)
def iam_actions_narrow(args: ResourceValidationArgs) -> Iterator[str]:
    for statement in allowing(args.props.get("policy")):
        everywhere = "*" in words(statement.get("Resource"))
        for action in words(statement.get("Action")):
            if action in ("*", "*:*") or (everywhere and action.endswith(":*")):
                yield f"allows {action} on {', '.join(words(statement.get('Resource'))) or 'no resource'}"
        if "NotAction" in statement:
            yield "allows everything but a few actions (NotAction)"
