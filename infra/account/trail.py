"""Who did what in the account."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.policy_document import allow
from infra.service_role import ServiceRole, ServiceRoleArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailArgs:
    """Where the trail writes."""

    trail_name: str
    bucket_name: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    """Key of the log files and the log group; it must let CloudTrail and CloudWatch Logs use it."""
    topic_arn: pulumi.Input[str]
    """Told when a log file arrives."""
    retention_days: int
    """Of the log group; the files are kept as the bucket says."""


class Trail(pulumi.ComponentResource):
    """Creates the trail of all regions, validated and encrypted, delivered to the bucket and to an encrypted log group, with the role that
    writes the latter.
    """

    def __init__(self, name: str, args: TrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:account:Trail", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(name, retention_in_days=args.retention_days, kms_key_id=args.key_arn, opts=child)
        write = allow(
            "WriteTrail",
            actions=("logs:CreateLogStream", "logs:PutLogEvents"),
            resources=pulumi.Output.concat(group.arn, ":log-stream:*"),
        )
        role = ServiceRole(
            name,
            ServiceRoleArgs(services=["cloudtrail.amazonaws.com"], description="Writes the trail's log group", statements=[write]),
            opts=child,
        )
        aws.cloudtrail.Trail(
            name,
            name=args.trail_name,
            s3_bucket_name=args.bucket_name,
            kms_key_id=args.key_arn,
            sns_topic_name=args.topic_arn,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            enable_logging=True,
            cloud_watch_logs_group_arn=pulumi.Output.concat(group.arn, ":*"),
            cloud_watch_logs_role_arn=role.arn,
            opts=child,
        )
        self.log_group = group.name
        self.register_outputs({"log_group": self.log_group})
