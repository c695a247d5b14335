"""A role that a token opens says whose token."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.documents import allowing, conditions, words
from policies.rule import resource_rule


@resource_rule(
    id="aws-iam-federation-narrow",
    title="A role for federated identities names the subject",
    severity=Severity.CRITICAL,
    types=("aws:iam/role:Role",),
    why="Without a subject every pod of the cluster, or every repository on GitHub, may take the role.",
    remediation="Add a condition on `<provider>:sub` that names the service account, or the repository and its environment or branch.",
    allowed={
        "assumeRolePolicy": (
            '{"Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:…"}, "Action": "sts:AssumeRoleWithWebIdentity", '
            '"Condition": {"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/ml-platform:environment:prod"}}}]}'
        )
    },
    disallowed={
        "assumeRolePolicy": (
            '{"Statement": [{"Effect": "Allow", "Principal": {"Federated": "arn:…"}, "Action": "sts:AssumeRoleWithWebIdentity", '
            '"Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/*"}}}]}'
        )
    },
)
def iam_federation_narrow(args: ResourceValidationArgs) -> Iterator[str]:
    for statement in allowing(args.props.get("assumeRolePolicy")):
        if "sts:AssumeRoleWithWebIdentity" not in words(statement.get("Action")):
            continue
        subjects = [value for _, key, values in conditions(statement) if key.lower().endswith(":sub") for value in values]
        if not subjects:
            yield "does not say whose token (no condition on `sub`)"
        for subject in subjects:
            if not _narrow(subject):
                yield f"accepts the tokens of {subject}"


def _narrow(subject: str) -> bool:
    """`repo:owner/name:environment:prod` and `system:serviceaccount:space:name` are; a wildcard before the last part is not."""
    parts = subject.split(":")
    if subject.startswith("repo:"):
        return len(parts) > 2 and "*" not in ":".join(parts[:3]) and parts[2] != "" and subject.count("*") == 0
    return "*" not in ":".join(parts[:3]) and subject not in ("*", "")
