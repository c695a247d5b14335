"""Nobody has a password or key that lasts."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule


@resource_rule(
    id="aws-iam-no-static-keys",
    title="There are no IAM users and no access keys",
    severity=Severity.HIGH,
    types=("aws:iam/accessKey:AccessKey", "aws:iam/user:User", "aws:iam/userLoginProfile:UserLoginProfile"),
    why="A key that lasts is a key that leaks.",
    remediation="Use roles: GitHub's identity provider for workflows, pod identity in the cluster, single sign-on for people.",
    allowed={"@type": "aws:iam/role:Role"},
    disallowed={"name": "ci"},
)
def iam_no_static_keys(args: ResourceValidationArgs) -> Iterator[str]:
    yield f"is an IAM {args.resource_type.rpartition(':')[2]}"
