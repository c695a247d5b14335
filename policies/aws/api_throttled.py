"""An API has a limit."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import number, value_at
from policies.rule import resource_rule


@resource_rule(
    id="aws-api-throttled",
    title="API stages limit the request rate",
    severity=Severity.MEDIUM,
    types=("aws:apigatewayv2/stage:Stage",),
    why="One broken caller must not take the model down or multiply the bill.",
    remediation="Set default_route_settings.throttling_rate_limit and throttling_burst_limit.",
    allowed={"defaultRouteSettings": {"throttlingRateLimit": 100, "throttlingBurstLimit": 200}},
    disallowed={"name": "$default"},
)
def api_throttled(args: ResourceValidationArgs) -> Iterator[str]:
    for key in ("throttlingRateLimit", "throttlingBurstLimit"):
        if number(value_at(args.props, f"defaultRouteSettings.{key}"), 0) <= 0:
            yield f"{key} is not set"
