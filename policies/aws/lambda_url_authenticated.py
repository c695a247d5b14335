"""No function answers strangers."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule


@resource_rule(
    id="aws-lambda-url-authenticated",
    title="Function addresses ask who is there",
    severity=Severity.CRITICAL,
    types=("aws:lambda/functionUrl:FunctionUrl",),
    why="An open function address is an open door and an open bill.",
    remediation="Set authorization_type to AWS_IAM.",
    allowed={"authorizationType": "AWS_IAM"},
    disallowed={"authorizationType": "NONE"},
)
def lambda_url_authenticated(args: ResourceValidationArgs) -> Iterator[str]:
    if args.props.get("authorizationType") != "AWS_IAM":
        yield "answers anyone"
