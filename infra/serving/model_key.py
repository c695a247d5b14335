"""The key of one model, and the log groups under it: in every mode, nobody else's data is encrypted with it."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.key import Key, KeyArgs, log_group_use
from infra.serving.placed_model import PlacedModel


def model_key(name: str, placed: PlacedModel, opts: pulumi.ResourceOptions) -> Key:
    """`alias/<prefix>-model-<model>`: the team's workflows are allowed to read captured requests by this alias."""
    here = placed.here
    arguments = KeyArgs(
        alias=f"{here.prefix}-model-{placed.name}",
        description=f"Disks, captured requests and logs of the model {placed.name}",
        account=here.account,
        region=here.region,
        via_services=["sagemaker", "s3", "lambda", "scheduler", "ec2", "sqs"],
        statements=[log_group_use(here.region, here.account)],
        deletion_window_days=here.key_deletion_days,
        tags=placed.tags,
    )
    return Key(name, arguments, opts=opts)


def model_log_group(name: str, group: str, placed: PlacedModel, key: Key, opts: pulumi.ResourceOptions) -> aws.cloudwatch.LogGroup:
    """A log group of the model, encrypted with its key and kept as long as the environment says."""
    return aws.cloudwatch.LogGroup(
        name,
        name=group,
        retention_in_days=placed.here.log_retention_days,
        kms_key_id=key.arn,
        tags=dict(placed.tags),
        opts=opts,
    )
