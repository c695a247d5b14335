"""Requests to an API are written down."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given
from policies.rule import resource_rule


@resource_rule(
    id="aws-api-logged",
    title="API stages write an access log",
    severity=Severity.MEDIUM,
    types=("aws:apigatewayv2/stage:Stage", "aws:apigateway/stage:Stage"),
    why="Who asked for which prediction must be known afterwards.",
    remediation="Set access_log_settings with destination_arn and format.",
    allowed={"accessLogSettings": {"destinationArn": "arn:aws:logs:…", "format": "$context.requestId"}},
    disallowed={"name": "$default"},
)
def api_logged(args: ResourceValidationArgs) -> Iterator[str]:
    if not given(args.props, "accessLogSettings.destinationArn"):
        yield "writes no access log"
