"""Who talked to whom in the VPC."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.policy_document import allow
from infra.service_role import ServiceRole, ServiceRoleArgs, from_account


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLogArgs:
    """What is logged and how long it is kept."""

    vpc_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    """Key of the log group; it must let CloudWatch Logs use it."""
    account: str
    retention_days: int


class FlowLog(pulumi.ComponentResource):
    """Creates an encrypted log group, the role that writes into it, and the flow log of accepted and rejected traffic."""

    def __init__(self, name: str, args: FlowLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:network:FlowLog", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(name, retention_in_days=args.retention_days, kms_key_id=args.key_arn, opts=child)
        write = allow(
            "WriteFlowLog",
            actions=("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            resources=[group.arn, pulumi.Output.concat(group.arn, ":*")],
        )
        role = ServiceRole(
            name,
            ServiceRoleArgs(
                services=["vpc-flow-logs.amazonaws.com"],
                description="Writes the flow log of the VPC",
                statements=[write],
                trust_condition=from_account(args.account),
            ),
            opts=child,
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            opts=child,
        )
        self.log_group = group.name
        self.register_outputs({"log_group": self.log_group})
