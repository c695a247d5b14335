"""No role may give itself more rights."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.documents import allowing, words
from policies.rule import resource_rule

_ESCALATING = frozenset(
    action.lower()
    for action in (
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreateAccessKey",
        "iam:CreateLoginProfile",
        "iam:CreatePolicyVersion",
        "iam:PassRole",
        "iam:PutRolePolicy",
        "iam:PutUserPolicy",
        "iam:SetDefaultPolicyVersion",
        "iam:UpdateAssumeRolePolicy",
        "sts:AssumeRole",
    )
)


@resource_rule(
    id="aws-iam-no-escalation",
    title="Rights over rights are limited to named roles",
    severity=Severity.CRITICAL,
    types=("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy", "aws:iam/groupPolicy:GroupPolicy", "aws:iam/userPolicy:UserPolicy"),
    why="iam:PassRole or iam:PutRolePolicy on every role is administrator by another name.",
    remediation="Name the roles as resources, or add an iam:PassedToService condition.",
    allowed={"policy": '{"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::1:role/acme-train"}]}'},
    disallowed={"policy": '{"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}'},
)
def iam_no_escalation(args: ResourceValidationArgs) -> Iterator[str]:
    for statement in allowing(args.props.get("policy")):
        if "*" not in words(statement.get("Resource")) or statement.get("Condition"):
            continue
        for action in words(statement.get("Action")):
            if action.lower() in _ESCALATING:
                yield f"allows {action} on every role"
