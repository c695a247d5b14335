"""The customer-managed keys that several stacks share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pulumi

from infra.account.alert_topics import PUBLISHERS
from infra.key import USE, Key, KeyArgs, log_group_use
from infra.policy_document import Statement, allow
from infra.topic import EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedKeysArgs:
    """Where the keys live and what they are called."""

    prefix: str
    """Begins every alias."""
    account: str
    region: str
    trail_arn: str
    """The trail that encrypts with the logs key."""
    deletion_window_days: int


class SharedKeys(pulumi.ComponentResource):
    """Creates one key per kind of content, so that a right to read one is no right to read another: `data` (buckets, tables, queues),
    `logs` (log groups and log buckets), `secrets` (Secrets Manager and EKS secrets), `ebs` (disks), `alerts` (topics).
    """

    def __init__(self, name: str, args: SharedKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:account:SharedKeys", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        keys = {kind: Key(f"{name}-{kind}", arguments, opts=child) for kind, arguments in _contents(args).items()}
        self.data, self.logs, self.secrets = keys["data"], keys["logs"], keys["secrets"]
        self.ebs, self.alerts = keys["ebs"], keys["alerts"]
        self.register_outputs({kind: key.arn for kind, key in keys.items()})


def _contents(args: SharedKeysArgs) -> dict[str, KeyArgs]:
    """Kind of content → what its key is and who uses it."""
    common = partial(KeyArgs, account=args.account, region=args.region, deletion_window_days=args.deletion_window_days)
    publishers = sorted({service for services in PUBLISHERS.values() for service in services} - {EVENTS})
    return {
        "data": common(
            alias=f"{args.prefix}-data",
            description="Data buckets, feature tables and queues",
            via_services=["s3", "dynamodb", "sqs", "glue", "sagemaker", "rds", "lambda"],
        ),
        "logs": common(
            alias=f"{args.prefix}-logs",
            description="Log groups and log buckets",
            via_services=["s3"],
            services=["config.amazonaws.com"],
            statements=_logs(args),
        ),
        "secrets": common(
            alias=f"{args.prefix}-secrets",
            description="Secrets of applications and of the cluster",
            via_services=["secretsmanager", "ssm", "eks"],
        ),
        "ebs": common(alias=f"{args.prefix}-ebs", description="Disks", via_services=["ec2"], statements=_disks(args)),
        "alerts": common(
            alias=f"{args.prefix}-alerts",
            description="Alert topics",
            via_services=["sns"],
            services=publishers,
            statements=[_events()],
        ),
    }


def _events() -> Statement:
    """EventBridge documents its use of an encrypted topic without a source account, so its statement carries no condition."""
    return allow("UseByEvents", actions=("kms:Decrypt", "kms:GenerateDataKey"), principal={"Service": EVENTS})


def _logs(args: SharedKeysArgs) -> list[Statement]:
    trail = allow(
        "EncryptTrail",
        actions=("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
        principal={"Service": "cloudtrail.amazonaws.com"},
        condition={"StringEquals": {"aws:SourceArn": args.trail_arn}},
    )
    return [log_group_use(args.region, args.account), trail]


def _disks(args: SharedKeysArgs) -> list[Statement]:
    """Auto Scaling's own role takes no policy of ours, so the key names it: in a condition, since a principal must exist already."""
    scaling = f"arn:aws:iam::{args.account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    here = {"StringEquals": {"kms:CallerAccount": args.account}, "ArnEquals": {"aws:PrincipalArn": scaling}}
    grant = {**here, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        allow("UseByAutoScaling", actions=USE, principal={"AWS": "*"}, condition=here),
        allow("GrantByAutoScaling", actions=("kms:CreateGrant",), principal={"AWS": "*"}, condition=grant),
    ]
