"""The router in front of one model: the Lambda function, its rights, and its route in the front door."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra.policy_document import Statement, allow
from infra.router.handler import Target
from infra.service_role import ServiceRole, ServiceRoleArgs
from infra.serving.front_door import FrontDoor
from infra.serving.model_access import ModelAccess
from infra.serving.placed_model import PlacedModel

_CODE = Path(__file__).parents[1] / "router"


def router_code(*modules: str) -> pulumi.AssetArchive:
    """Modules of infra/router under the names by which they import one another."""
    return pulumi.AssetArchive({f"infra/router/{name}.py": pulumi.FileAsset(os.path.relpath(_CODE / f"{name}.py")) for name in modules})


def router_log_group(placed: PlacedModel) -> str:
    """Name of the log group of its function."""
    return f"/aws/lambda/{placed.endpoint_name}-router"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterArgs:
    """Where the requests go."""

    placed: PlacedModel
    access: ModelAccess
    front_door: FrontDoor
    targets: Sequence[Target]
    """Endpoints and their shares."""
    capture_percent: int
    """Share of requests that the router records; 0 where SageMaker does."""
    concurrency: int
    """Most requests at once: what the endpoints take, so that one model cannot use up the account's share."""


class Router(pulumi.ComponentResource):
    """Creates the function (own role: it may ask these endpoints, write records and traces, and nothing else) and its authenticated route
    `POST /models/<model>`.
    """

    def __init__(self, name: str, args: RouterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:Router", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        placed = args.placed
        role = ServiceRole(
            name,
            ServiceRoleArgs(
                services=["lambda.amazonaws.com"],
                description=f"Routes requests to the model {placed.name}",
                statements=_statements(args),
                tags=placed.tags,
            ),
            opts=child,
        )
        function = aws.lambda_.Function(
            name,
            name=f"{placed.endpoint_name}-router",
            description=f"Routes requests to the model {placed.name}",
            runtime=aws.lambda_.Runtime.PYTHON3D13,
            architectures=["arm64"],
            handler="infra.router.handler.handler",
            code=router_code("handler", "metrics", "record"),
            role=role.arn,
            memory_size=256,
            timeout=29,  # an HTTP API waits 30 seconds
            reserved_concurrent_executions=args.concurrency,
            kms_key_arn=args.access.key.arn,
            environment={"variables": {"ROUTER": _settings(args)}},
            tracing_config={"mode": "Active"},
            tags=dict(placed.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role, args.access]),
        )
        self.path = args.front_door.route(name, model=placed.name, function=function, opts=child)
        self.register_outputs({"path": self.path})


def _settings(args: RouterArgs) -> pulumi.Output[str]:
    placed = args.placed
    return pulumi.Output.json_dumps(
        {
            "model": placed.name,
            "targets": [asdict(target) for target in args.targets],
            "asynchronous": placed.model.mode == "asynchronous",
            "bucket": placed.here.data_bucket,
            "capture_bucket": placed.here.capture_bucket,
            "capture_prefix": placed.capture_prefix,
            "capture_percent": args.capture_percent,
            "key": args.access.key.arn,
        },
        sort_keys=True,
    )


def _statements(args: RouterArgs) -> list[Statement]:
    placed = args.placed
    here = placed.here
    asynchronous = placed.model.mode == "asynchronous"
    endpoints = [f"arn:aws:sagemaker:{here.region}:{here.account}:endpoint/{target.endpoint}" for target in args.targets]
    logs = f"arn:aws:logs:{here.region}:{here.account}:log-group:{router_log_group(placed)}:*"
    ask = "sagemaker:InvokeEndpointAsync" if asynchronous else "sagemaker:InvokeEndpoint"
    result = [
        allow("AskEndpoints", actions=(ask,), resources=endpoints),
        allow("WriteLogs", actions=("logs:CreateLogStream", "logs:PutLogEvents"), resources=logs),
        allow("WriteTraces", actions=("xray:PutTelemetryRecords", "xray:PutTraceSegments")),
        allow("UseModelKey", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=args.access.key.arn),
    ]
    if asynchronous:
        result.append(allow("QueueRequests", actions=("s3:PutObject",), resources=placed.data_arn("async")))
        result.append(allow("EncryptRequests", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=here.data_key_arn))
    elif args.capture_percent:
        result.append(allow("RecordRequests", actions=("s3:PutObject",), resources=placed.capture_arn))
    return result
