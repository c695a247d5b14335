"""Records what an asynchronous endpoint was asked and what it answered: SageMaker captures nothing there."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.policy_document import Statement, allow
from infra.service_role import ServiceRole, ServiceRoleArgs
from infra.serving.failure_queue import failure_queue
from infra.serving.model_access import ModelAccess
from infra.serving.placed_model import PlacedModel
from infra.serving.router import router_code
from infra.serving.variant import CHAMPION

_AT_ONCE = 5
"""Answers that are recorded at once; the others wait in Lambda's own queue."""


def recorder_log_group(placed: PlacedModel) -> str:
    """Name of the log group of its function."""
    return f"/aws/lambda/{placed.endpoint_name}-recorder"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRecorderArgs:
    """Whose answers."""

    placed: PlacedModel
    access: ModelAccess
    topic_arn: pulumi.Input[str]
    """Told by SageMaker where an answer lies."""


class AnswerRecorder(pulumi.ComponentResource):
    """Creates the function that is told of each answer and writes the record where monitoring reads (own role: it may read this model's
    requests and answers, write its records, and nothing else); its subscription; a queue for what it failed to record, and an alarm on it.
    """

    def __init__(self, name: str, args: AnswerRecorderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:AnswerRecorder", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._failures = failure_queue(
            f"{name}-failures",
            args.placed,
            key_arn=args.access.key.arn,
            problem=f"Answers of {args.placed.name} could not be recorded; monitoring does not see them",
            opts=self._child,
        )
        function = self._function()
        aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=function.name,
            principal="sns.amazonaws.com",
            source_arn=args.topic_arn,
            opts=self._child,
        )
        aws.sns.TopicSubscription(name, topic=args.topic_arn, protocol="lambda", endpoint=function.arn, opts=self._child)
        self.register_outputs({"function": function.arn})

    def _function(self) -> aws.lambda_.Function:
        args, placed = self._args, self._args.placed
        role = ServiceRole(
            self._name,
            ServiceRoleArgs(
                services=["lambda.amazonaws.com"],
                description=f"Records the answers of the model {placed.name}",
                statements=_statements(args, self._failures.arn),
                tags=placed.tags,
            ),
            opts=self._child,
        )
        return aws.lambda_.Function(
            self._name,
            name=f"{placed.endpoint_name}-recorder",
            description=f"Records the answers of the model {placed.name}",
            runtime=aws.lambda_.Runtime.PYTHON3D13,
            architectures=["arm64"],
            handler="infra.router.answers.handler",
            code=router_code("answers", "metrics", "record"),
            role=role.arn,
            memory_size=256,
            timeout=30,
            reserved_concurrent_executions=_AT_ONCE,
            kms_key_arn=args.access.key.arn,
            environment={"variables": {"ANSWERS": _settings(args)}},
            dead_letter_config={"target_arn": self._failures.arn},
            tracing_config={"mode": "Active"},
            tags=dict(placed.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role, args.access]),
        )


def _settings(args: AnswerRecorderArgs) -> pulumi.Output[str]:
    placed = args.placed
    records = {
        "bucket": placed.here.capture_bucket,
        "prefix": placed.capture_prefix,
        "percent": placed.model.data_capture_percent,
        "key": args.access.key.arn,
    }
    settings = {"model": placed.name, "endpoint": placed.endpoint_name, "variant": CHAMPION, "records": records}
    return pulumi.Output.json_dumps(settings, sort_keys=True)


def _statements(args: AnswerRecorderArgs, failures: pulumi.Input[str]) -> list[Statement]:
    placed = args.placed
    here = placed.here
    logs = f"arn:aws:logs:{here.region}:{here.account}:log-group:{recorder_log_group(placed)}:*"
    return [
        allow("ReadRequestsAndAnswers", actions=("s3:GetObject",), resources=placed.data_arn("async")),
        allow("DecryptThem", actions=("kms:Decrypt",), resources=here.data_key_arn),
        allow("RecordRequests", actions=("s3:PutObject",), resources=placed.capture_arn),
        allow("UseModelKey", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=args.access.key.arn),
        allow("ReportFailures", actions=("sqs:SendMessage",), resources=failures),
        allow("WriteLogs", actions=("logs:CreateLogStream", "logs:PutLogEvents"), resources=logs),
        allow("WriteTraces", actions=("xray:PutTelemetryRecords", "xray:PutTraceSegments")),
    ]
