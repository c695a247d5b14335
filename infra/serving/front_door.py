"""The authenticated way in for applications: one HTTP API per environment, one route per model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.serving.request_metrics import Metric, RequestMetrics, route_metrics

COUNTED = "MLPlatform/FrontDoor"
"""Namespace of what is counted from the access log."""

_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "caller": "$context.identity.userArn",
    "subject": "$context.authorizer.claims.sub",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "error": "$context.error.message",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontDoorArgs:
    """Who may come in, and how fast."""

    api_name: str
    auth: Literal["iam", "jwt"]
    jwt_issuer: str | None
    jwt_audience: Sequence[str]
    rate_per_second: int
    burst: int
    log_key_arn: pulumi.Input[str]
    log_retention_days: int
    topic_arn: pulumi.Input[str]
    """Told when the door itself fails."""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateTarget:
    """What answers inside the VPC."""

    link_id: pulumi.Input[str]
    listener_arn: pulumi.Input[str]
    server_name: str
    """Name on the listener's certificate, which is checked."""
    host: str
    """What the cluster is asked for."""


class FrontDoor(pulumi.ComponentResource):
    """Creates the HTTP API, its JWT authorizer where tokens are used, its stage with throttling, encrypted access logs and metrics, and an
    alarm on its server errors. `route` adds a model behind a function, `private_route` one on the cluster, and `counted` has requests to a
    model counted.

    An HTTP API and not a REST API: it checks tokens of any identity provider by itself and costs a third. It takes no web application
    firewall, which would be of little use here: nobody without credentials gets past the door, and what comes in is rows of numbers that
    the data contract checks.
    """

    def __init__(self, name: str, args: FrontDoorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:FrontDoor", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._args = args
        self._api = aws.apigatewayv2.Api(
            name, name=args.api_name, protocol_type="HTTP", description="Models by name: POST /models/<model>", opts=self._child
        )
        self._authorizer = self._jwt(name) if args.auth == "jwt" else None
        self._log_group = self._stage(name)
        self.url = self._api.api_endpoint
        self.register_outputs({"url": self.url})

    def _jwt(self, name: str) -> aws.apigatewayv2.Authorizer:
        return aws.apigatewayv2.Authorizer(
            name,
            api_id=self._api.id,
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration={"issuer": self._args.jwt_issuer, "audiences": list(self._args.jwt_audience)},
            opts=self._child,
        )

    def _stage(self, name: str) -> pulumi.Output[str]:
        """The name of its log group comes out."""
        args = self._args
        # AWS writes it without a resource policy of its own where the name begins like this; there is room for few such policies.
        group = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/vendedlogs/{args.api_name}-front-door",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.log_key_arn,
            opts=self._child,
        )
        aws.apigatewayv2.Stage(
            name,
            api_id=self._api.id,
            name="$default",
            auto_deploy=True,
            access_log_settings={"destination_arn": group.arn, "format": json.dumps(_ACCESS_LOG)},
            default_route_settings={
                "throttling_rate_limit": args.rate_per_second,
                "throttling_burst_limit": args.burst,
                "detailed_metrics_enabled": True,
            },
            opts=self._child,
        )
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description="The front door of the models fails",
            namespace="AWS/ApiGateway",
            metric_name="5xx",
            dimensions={"ApiId": self._api.id},
            statistic="Sum",
            period=300,
            evaluation_periods=1,
            threshold=10,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[args.topic_arn],
            ok_actions=[args.topic_arn],
            opts=self._child,
        )
        written_to: pulumi.Output[str] = group.name
        return written_to

    def route(self, name: str, *, model: str, function: aws.lambda_.Function, opts: pulumi.ResourceOptions) -> str:
        """Send `POST /models/<model>` to the function; every caller must be authenticated. The path comes out."""
        integration = aws.apigatewayv2.Integration(
            name,
            api_id=self._api.id,
            integration_type="AWS_PROXY",
            integration_uri=function.invoke_arn,
            payload_format_version="2.0",
            opts=opts,
        )
        path = self._authenticated(name, model, integration, opts)
        aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=function.name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self._api.execution_arn, "/*/POST", path),
            opts=opts,
        )
        return path

    def private_route(self, name: str, *, model: str, version: int | None, to: PrivateTarget, opts: pulumi.ResourceOptions) -> str:
        """Send `POST /models/<model>` through the VPC link; every caller must be authenticated. The path comes out.

        The answer names `version`, unless that is None. Rows are sent as JSON: the model server fails where nobody says what they are.
        """
        integration = aws.apigatewayv2.Integration(
            name,
            api_id=self._api.id,
            integration_type="HTTP_PROXY",
            integration_method="POST",
            integration_uri=to.listener_arn,
            connection_type="VPC_LINK",
            connection_id=to.link_id,
            payload_format_version="1.0",
            tls_config={"server_name_to_verify": to.server_name},
            request_parameters={
                "overwrite:header.Host": to.host,
                "overwrite:header.Content-Type": "application/json",
                "overwrite:path": "/invocations",
            },
            response_parameters=_named(version) if version is not None else None,
            opts=opts,
        )
        return self._authenticated(name, model, integration, opts)

    def counted(self, name: str, *, model: str, path: str, opts: pulumi.ResourceOptions) -> RequestMetrics:
        """Figures of the route at `path`. An HTTP API has none of throttled requests: a metric filter counts them in the access log."""
        throttles = Metric(namespace=COUNTED, name=f"Throttles-{model}")
        aws.cloudwatch.LogMetricFilter(
            f"{name}-throttles",
            log_group_name=self._log_group,
            pattern=f'{{ ($.route = "POST {path}") && ($.status = "429") }}',
            metric_transformation={"namespace": throttles.namespace, "name": throttles.name, "value": "1"},
            opts=opts,
        )
        return route_metrics(self._api.id, path, throttles)

    def _authenticated(self, name: str, model: str, integration: aws.apigatewayv2.Integration, opts: pulumi.ResourceOptions) -> str:
        path = f"/models/{model}"
        aws.apigatewayv2.Route(
            name,
            api_id=self._api.id,
            route_key=f"POST {path}",
            target=pulumi.Output.concat("integrations/", integration.id),
            authorization_type="JWT" if self._authorizer else "AWS_IAM",
            authorizer_id=self._authorizer.id if self._authorizer else None,
            opts=opts,
        )
        return path


def _named(version: int) -> list[aws.apigatewayv2.IntegrationResponseParameterArgsDict]:
    """The header that says which version answered, as the router writes it: for rows that were scored and for rows that were refused."""
    return [{"status_code": status, "mappings": {"overwrite:header.x-model-version": str(version)}} for status in ("200", "400")]
