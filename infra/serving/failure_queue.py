"""The queue of what failed for a model, and the alarm that tells somebody that it is not empty."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.serving.placed_model import PlacedModel

_KEPT_SECONDS = 14 * 24 * 3600
"""The most that SQS allows."""


def failure_queue(
    name: str, placed: PlacedModel, *, key_arn: pulumi.Input[str], problem: str, opts: pulumi.ResourceOptions
) -> aws.sqs.Queue:
    """A queue encrypted with the key, and an alarm whose description is the problem."""
    queue = aws.sqs.Queue(name, message_retention_seconds=_KEPT_SECONDS, kms_master_key_id=key_arn, tags=dict(placed.tags), opts=opts)
    aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=problem,
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": queue.name},
        statistic="Maximum",
        period=300,
        evaluation_periods=1,
        threshold=0,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
        alarm_actions=placed.alarm_topics,
        ok_actions=placed.alarm_topics,
        tags=dict(placed.tags),
        opts=opts,
    )
    return queue
