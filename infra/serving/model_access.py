"""What one model may touch, and nothing else may: its key, its role, its log groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.policy_document import Statement, allow
from infra.service_role import ServiceRole, ServiceRoleArgs, from_account
from infra.serving.model_key import model_key, model_log_group
from infra.serving.placed_model import PlacedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAccessArgs:
    """Whose access, and what the mode needs besides."""

    placed: PlacedModel
    log_groups: Sequence[str]
    """Names that SageMaker or the router will write to."""
    statements: Sequence[Statement] = ()
    """Further rights of the execution role."""


class ModelAccess(pulumi.ComponentResource):
    """Creates the model's key; its log groups, encrypted and kept as long as the environment says; and the execution role, which reads this
    model's artefacts, pulls its image, and writes its logs and metrics.
    """

    def __init__(self, name: str, args: ModelAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:ModelAccess", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        placed = args.placed
        self.key = model_key(name, placed, self._child)
        groups = [
            model_log_group(f"{name}-{number}", group, placed, self.key, self._child) for number, group in enumerate(args.log_groups, 1)
        ]
        rights = [*_read_model(placed), *_write_logs(groups), self._use_key(), *_network(placed), *args.statements]
        self.role = ServiceRole(
            name,
            ServiceRoleArgs(
                services=["sagemaker.amazonaws.com"],
                description=f"Runs the model {placed.name}",
                statements=rights,
                trust_condition=from_account(placed.here.account),
                tags=placed.tags,
            ),
            opts=self._child,
        )
        self.register_outputs({"key_arn": self.key.arn, "role_arn": self.role.arn})

    def _use_key(self) -> Statement:
        return allow("UseOwnKey", actions=("kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"), resources=self.key.arn)


def _read_model(placed: PlacedModel) -> list[Statement]:
    here = placed.here
    return [
        allow(
            "ReadArtefacts",
            actions=("s3:GetObject",),
            resources=pulumi.Output.concat(here.models_bucket_arn, f"/{placed.name}/*"),
        ),
        allow(
            "FindArtefacts",
            actions=("s3:ListBucket",),
            resources=here.models_bucket_arn,
            condition={"StringLike": {"s3:prefix": f"{placed.name}/*"}},
        ),
        allow("DecryptArtefacts", actions=("kms:Decrypt",), resources=here.models_key_arn),
        allow(
            "PullImage",
            actions=("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            resources=here.repository_arns[placed.model.image],
        ),
        allow("SignInToRegistry", actions=("ecr:GetAuthorizationToken",)),
    ]


def _write_logs(groups: Sequence[aws.cloudwatch.LogGroup]) -> list[Statement]:
    streams = [pulumi.Output.concat(group.arn, ":*") for group in groups]
    metrics = {"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "AWS/SageMaker"]}}
    result = [allow("WriteMetrics", actions=("cloudwatch:PutMetricData",), condition=metrics)]
    if streams:
        result.append(
            allow("WriteLogs", actions=("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"), resources=streams)
        )
    return result


def _network(placed: PlacedModel) -> list[Statement]:
    """SageMaker puts network interfaces into our subnets with the model's role; EC2 has no ARN to narrow the reading actions to."""
    if not placed.model.vpc:
        return []
    here = placed.here
    ec2 = f"arn:aws:ec2:{here.region}:{here.account}"
    change = ("ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface")
    more = ("ec2:DeleteNetworkInterfacePermission",)
    read = (
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    )
    return [
        allow(
            "JoinSubnets",
            actions=(*change, *more),
            resources=[f"{ec2}:network-interface/*", f"{ec2}:subnet/*", f"{ec2}:security-group/*"],
        ),
        allow("LookAtNetwork", actions=read),
    ]
