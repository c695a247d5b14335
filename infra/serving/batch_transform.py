"""A model that scores what lies in a folder, on a schedule, and has no endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.policy_document import Statement, allow
from infra.service_role import ServiceRole, ServiceRoleArgs, from_account
from infra.serving.container_model import ContainerModel, ContainerModelArgs
from infra.serving.cron import aws_cron
from infra.serving.failure_queue import failure_queue
from infra.serving.model_access import ModelAccess, ModelAccessArgs
from infra.serving.placed_model import PlacedModel
from infra.serving.variant import has_local_disk

JOB_LOG_GROUP = "/aws/sagemaker/TransformJobs"
"""SageMaker writes the logs of all transform jobs of an account there; the stack makes it once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTransformArgs:
    """Which model."""

    placed: PlacedModel


class BatchTransform(pulumi.ComponentResource):
    """Creates the model's access and the SageMaker model; the schedule that starts a transform job over `batch/<model>/input` of the data
    bucket and writes `batch/<model>/output`; the scheduler's role; the queue of starts that failed, with an alarm; and the rule that
    tells the team of failed jobs. The scheduler calls SageMaker itself: no function, no state machine.
    """

    def __init__(self, name: str, args: BatchTransformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:BatchTransform", name, {}, opts)
        self._name, self._placed = name, args.placed
        self._child = pulumi.ResourceOptions(parent=self)
        placed = args.placed
        # A job's name has room for 63 characters, 37 of them for the execution id that makes it unique.
        self._job = f"{placed.name[:25].rstrip('-')}-"
        self._access = ModelAccess(name, ModelAccessArgs(placed=placed, log_groups=(), statements=_statements(placed)), opts=self._child)
        self._model = ContainerModel(name, ContainerModelArgs(placed=placed, version=placed.version, access=self._access), opts=self._child)
        problem = f"Batch scoring of {placed.name} could not be started"
        self._schedule(failure_queue(name, placed, key_arn=placed.here.data_key_arn, problem=problem, opts=self._child))
        self._failed_jobs()
        self.register_outputs({"model": self._model.name})

    def _schedule(self, queue: aws.sqs.Queue) -> None:
        placed = self._placed
        assert placed.model.batch_schedule is not None
        role = self._scheduler_role(queue)
        aws.scheduler.Schedule(
            self._name,
            description=f"Batch scoring of {placed.name}",
            schedule_expression=aws_cron(placed.model.batch_schedule),
            schedule_expression_timezone="UTC",
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=self._access.key.arn,
            target={
                "arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createTransformJob",
                "role_arn": role.arn,
                "input": pulumi.Output.json_dumps(self._request()),
                "dead_letter_config": {"arn": queue.arn},
                "retry_policy": {"maximum_retry_attempts": 3, "maximum_event_age_in_seconds": 3600},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )

    def _request(self) -> dict[str, Any]:
        """SageMaker's CreateTransformJob: each object below the input folder is one request."""
        placed = self._placed
        instances = placed.model.instances
        assert instances is not None
        resources: dict[str, Any] = {"InstanceType": instances.instance_type, "InstanceCount": instances.maximum}
        if not has_local_disk(instances.instance_type):
            resources["VolumeKmsKeyId"] = self._access.key.arn
        source = {"S3DataType": "S3Prefix", "S3Uri": pulumi.Output.concat(placed.data("batch"), "/input/")}
        return {
            "TransformJobName": f"{self._job}<aws.scheduler.execution-id>",
            "ModelName": self._model.name,
            "BatchStrategy": "SingleRecord",
            "MaxPayloadInMB": 50,
            "MaxConcurrentTransforms": 2,
            "TransformInput": {"DataSource": {"S3DataSource": source}, "ContentType": "text/csv", "SplitType": "None"},
            "TransformOutput": {
                "S3OutputPath": pulumi.Output.concat(placed.data("batch"), "/output/"),
                "KmsKeyId": placed.here.data_key_arn,
            },
            "TransformResources": resources,
            "Tags": [{"Key": key, "Value": value} for key, value in {**placed.tags, "model": placed.name}.items()],
        }

    def _scheduler_role(self, queue: aws.sqs.Queue) -> ServiceRole:
        placed = self._placed
        here = placed.here
        jobs = f"arn:aws:sagemaker:{here.region}:{here.account}:transform-job/{self._job}*"
        granted = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        return ServiceRole(
            f"{self._name}-scheduler",
            ServiceRoleArgs(
                services=["scheduler.amazonaws.com"],
                description=f"Starts batch scoring of {placed.name}",
                statements=[
                    allow("StartJobs", actions=("sagemaker:AddTags", "sagemaker:CreateTransformJob"), resources=jobs),
                    allow("ReadSchedule", actions=("kms:Decrypt", "kms:DescribeKey"), resources=self._access.key.arn),
                    allow("EncryptDisks", actions=("kms:CreateGrant",), resources=self._access.key.arn, condition=granted),
                    allow("KeepFailedStarts", actions=("sqs:SendMessage",), resources=queue.arn),
                    allow("EncryptFailedStarts", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=here.data_key_arn),
                ],
                trust_condition=from_account(here.account),
                tags=placed.tags,
            ),
            opts=self._child,
        )

    def _failed_jobs(self) -> None:
        placed = self._placed
        pattern = {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Transform Job State Change"],
            "detail": {"TransformJobStatus": ["Failed"], "TransformJobName": [{"prefix": self._job}]},
        }
        rule = aws.cloudwatch.EventRule(
            self._name,
            description=f"Batch scoring of {placed.name} failed",
            event_pattern=json.dumps(pattern),
            tags=dict(placed.tags),
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(self._name, rule=rule.name, arn=placed.topic_arn, opts=self._child)


def _statements(placed: PlacedModel) -> list[Statement]:
    here = placed.here
    logs = f"arn:aws:logs:{here.region}:{here.account}:log-group:{JOB_LOG_GROUP}:*"
    listing = {"StringLike": {"s3:prefix": f"batch/{placed.name}/*"}}
    return [
        allow("ReadAndScore", actions=("s3:GetObject", "s3:PutObject"), resources=placed.data_arn("batch")),
        allow("FindRows", actions=("s3:ListBucket",), resources=here.data_bucket_arn, condition=listing),
        allow("UseDataKey", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=here.data_key_arn),
        allow("WriteJobLogs", actions=("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"), resources=logs),
    ]
