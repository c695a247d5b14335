"""AWS Config: what every resource looked like, and when it changed."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.policy_document import allow
from infra.service_role import ServiceRole, ServiceRoleArgs, from_account


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderArgs:
    """Where the history goes."""

    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    account: str


class Recorder(pulumi.ComponentResource):
    """Creates the role, the recorder of all resource types including global ones, its delivery channel, and starts it."""

    def __init__(self, name: str, args: RecorderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:account:Recorder", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = ServiceRole(
            name,
            ServiceRoleArgs(
                services=["config.amazonaws.com"],
                description="Reads configuration and writes its history",
                statements=[
                    allow(
                        "WriteHistory",
                        actions=("s3:PutObject",),
                        resources=pulumi.Output.concat(args.bucket_arn, "/AWSLogs/", args.account, "/*"),
                    ),
                    allow("FindBucket", actions=("s3:GetBucketAcl", "s3:ListBucket"), resources=args.bucket_arn),
                    allow("EncryptHistory", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=args.key_arn),
                ],
                managed_policies=["arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"],
                trust_condition=from_account(args.account),
            ),
            opts=child,
        )
        recorder = aws.cfg.Recorder(
            name, role_arn=role.arn, recording_group={"all_supported": True, "include_global_resource_types": True}, opts=child
        )
        channel = aws.cfg.DeliveryChannel(
            name,
            s3_bucket_name=args.bucket_name,
            s3_kms_key_arn=args.key_arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[recorder]),
        )
        # A recorder starts only once it has a delivery channel.
        aws.cfg.RecorderStatus(name, name=recorder.name, is_enabled=True, opts=pulumi.ResourceOptions(parent=self, depends_on=[channel]))
        self.name = recorder.name
        self.register_outputs({"name": self.name})
