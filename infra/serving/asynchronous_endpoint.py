"""A model for large or slow requests: they wait in a queue, and no instance runs while it is empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.policy_document import Statement, allow
from infra.router.handler import Target
from infra.serving.answer_recorder import AnswerRecorder, AnswerRecorderArgs, recorder_log_group
from infra.serving.container_model import ContainerModel, ContainerModelArgs
from infra.serving.endpoint_scaling import EndpointScaling, EndpointScalingArgs
from infra.serving.front_door import FrontDoor
from infra.serving.model_access import ModelAccess, ModelAccessArgs
from infra.serving.model_alarms import ModelAlarms, ModelAlarmsArgs
from infra.serving.placed_model import PlacedModel
from infra.serving.request_metrics import queue_metrics
from infra.serving.router import Router, RouterArgs, router_log_group
from infra.serving.variant import CHAMPION, has_local_disk, instance_variant
from infra.topic import Topic, TopicArgs

_ROUTER_CALLS = 10
"""Calls of the router at once: each only puts a request in the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsynchronousEndpointArgs:
    """Which model, behind which door."""

    placed: PlacedModel
    front_door: FrontDoor


class AsynchronousEndpoint(pulumi.ComponentResource):
    """Creates the model's access, the SageMaker model, the endpoint with its configuration (results and failures in the data bucket,
    failures told to the team), alarms, autoscaling by backlog down to zero, the router that puts requests in the queue, and, where requests
    are captured, the topic that is told of each answer and the recorder behind it, since SageMaker captures nothing of such an endpoint.
    """

    def __init__(self, name: str, args: AsynchronousEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:AsynchronousEndpoint", name, {}, opts)
        self._name, self._placed = name, args.placed
        self._child = pulumi.ResourceOptions(parent=self)
        placed = args.placed
        instances = placed.model.instances
        assert instances is not None
        self._answered = self._topic() if placed.model.data_capture_percent else None
        self._access = self._make_access()
        if self._answered:
            recorder = AnswerRecorderArgs(placed=placed, access=self._access, topic_arn=self._answered)
            AnswerRecorder(f"{name}-recorder", recorder, opts=self._child)
        ModelAlarms(
            name,
            ModelAlarmsArgs(
                placed=placed,
                metrics=queue_metrics(placed.name, placed.endpoint_name, CHAMPION),
                silence=instances.minimum > 0,
            ),
            opts=self._child,
        )
        endpoint = self._endpoint()
        self._scaling(endpoint)
        self.router = Router(
            f"{name}-router",
            RouterArgs(
                placed=placed,
                access=self._access,
                front_door=args.front_door,
                targets=[Target(endpoint=placed.endpoint_name, variant=CHAMPION, version=placed.version, weight=100)],
                capture_percent=0,
                concurrency=_ROUTER_CALLS,
            ),
            opts=self._child,
        )
        self.register_outputs({"endpoint": endpoint.name, "path": self.router.path})

    def _topic(self) -> pulumi.Output[str]:
        """SageMaker publishes with the model's own role, so no service is let in."""
        here = self._placed.here
        arguments = TopicArgs(
            display_name=f"Answers of {self._placed.name}",
            key_arn=here.alerts_key_arn,
            account=here.account,
            publishers=[],
            tags=self._placed.tags,
        )
        told: pulumi.Output[str] = Topic(f"{self._name}-answers", arguments, opts=self._child).arn
        return told

    def _make_access(self) -> ModelAccess:
        placed = self._placed
        groups = [f"/aws/sagemaker/Endpoints/{placed.endpoint_name}", router_log_group(placed)]
        topics = [placed.topic_arn]
        if self._answered:
            groups.append(recorder_log_group(placed))
            topics.append(self._answered)
        arguments = ModelAccessArgs(placed=placed, log_groups=groups, statements=_statements(placed, topics))
        return ModelAccess(self._name, arguments, opts=self._child)

    def _scaling(self, endpoint: aws.sagemaker.Endpoint) -> None:
        placed, instances = self._placed, self._placed.model.instances
        assert instances is not None
        EndpointScaling(
            self._name,
            EndpointScalingArgs(
                endpoint_name=endpoint.name,
                variant=CHAMPION,
                measure="backlog",
                target=instances.target_invocations,
                minimum=instances.minimum,
                maximum=instances.maximum,
                tags=placed.tags,
            ),
            opts=self._child,
        )

    def _endpoint(self) -> aws.sagemaker.Endpoint:
        placed, name = self._placed, self._name
        instances = placed.model.instances
        assert instances is not None
        model = ContainerModel(name, ContainerModelArgs(placed=placed, version=placed.version, access=self._access), opts=self._child)
        configuration = aws.sagemaker.EndpointConfiguration(
            name,
            kms_key_arn=None if has_local_disk(instances.instance_type) else self._access.key.arn,
            production_variants=[instance_variant(CHAMPION, model, instances, 100)],
            async_inference_config={
                "client_config": {"max_concurrent_invocations_per_instance": 4},
                "output_config": {
                    "s3_output_path": pulumi.Output.concat(placed.data("async"), "/output"),
                    "s3_failure_path": pulumi.Output.concat(placed.data("async"), "/failure"),
                    "kms_key_id": placed.here.data_key_arn,
                    "notification_config": {"error_topic": placed.topic_arn, "success_topic": self._answered},
                },
            },
            tags={**placed.tags, "model": placed.name},
            opts=self._child,
        )
        return aws.sagemaker.Endpoint(
            name,
            name=placed.endpoint_name,
            endpoint_config_name=configuration.name,
            tags={**placed.tags, "model": placed.name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._access]),
        )


def _statements(placed: PlacedModel, topics: Sequence[pulumi.Input[str]]) -> list[Statement]:
    here = placed.here
    return [
        allow("ReadAndAnswer", actions=("s3:GetObject", "s3:PutObject"), resources=placed.data_arn("async")),
        allow("UseDataKey", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=here.data_key_arn),
        allow("TellOfAnswersAndFailures", actions=("sns:Publish",), resources=list(topics)),
        allow("UseAlertsKey", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=here.alerts_key_arn),
    ]
