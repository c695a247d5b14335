"""No API route answers strangers."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule


@resource_rule(
    id="aws-api-authorised",
    title="Every API route asks who is there",
    severity=Severity.CRITICAL,
    types=("aws:apigatewayv2/route:Route", "aws:apigateway/method:Method"),
    why="An open route lets anyone read predictions and spend money.",
    remediation="Set authorization_type (AWS_IAM, JWT, CUSTOM) on the route.",
    allowed={"authorizationType": "AWS_IAM", "routeKey": "POST /models/churn"},
    disallowed={"authorizationType": "NONE", "routeKey": "POST /models/churn"},
)
def api_authorised(args: ResourceValidationArgs) -> Iterator[str]:
    if args.props.get("httpMethod") == "OPTIONS":
        return  # a browser's preflight carries no identity
    if (args.props.get("authorizationType") or args.props.get("authorization") or "NONE") == "NONE":
        yield "answers anyone"
