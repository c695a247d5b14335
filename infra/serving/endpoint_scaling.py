"""How an endpoint grows and shrinks with its load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws

_DIMENSIONS = {
    "requests": "sagemaker:variant:DesiredInstanceCount",
    "backlog": "sagemaker:variant:DesiredInstanceCount",
    "concurrency": "sagemaker:variant:DesiredProvisionedConcurrency",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointScalingArgs:
    """What is scaled, by which measure, between which bounds."""

    endpoint_name: pulumi.Input[str]
    variant: str
    measure: Literal["requests", "backlog", "concurrency"]
    """`requests` per instance and minute; `backlog` of asynchronous requests per instance; share of provisioned `concurrency` in use."""
    target: float
    minimum: int
    maximum: int
    tags: Mapping[str, str] = field(default_factory=dict)


class EndpointScaling(pulumi.ComponentResource):
    """Creates the scalable target and a target-tracking policy; where an asynchronous endpoint rests at zero, also the step policy
    and the alarm that start the first instance when a request waits.
    """

    def __init__(self, name: str, args: EndpointScalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:EndpointScaling", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._target = aws.appautoscaling.Target(
            name,
            service_namespace="sagemaker",
            resource_id=pulumi.Output.concat("endpoint/", args.endpoint_name, "/variant/", args.variant),
            scalable_dimension=_DIMENSIONS[args.measure],
            min_capacity=args.minimum,
            max_capacity=args.maximum,
            tags=dict(args.tags),
            opts=self._child,
        )
        aws.appautoscaling.Policy(
            name,
            policy_type="TargetTrackingScaling",
            service_namespace=self._target.service_namespace,
            resource_id=self._target.resource_id,
            scalable_dimension=self._target.scalable_dimension,
            target_tracking_scaling_policy_configuration=_tracking(args),
            opts=self._child,
        )
        if args.measure == "backlog" and args.minimum == 0:
            self._wake(name, args)
        self.register_outputs({})

    def _wake(self, name: str, args: EndpointScalingArgs) -> None:
        """Target tracking divides by the number of instances, so it cannot leave zero by itself."""
        wake = aws.appautoscaling.Policy(
            f"{name}-wake",
            policy_type="StepScaling",
            service_namespace=self._target.service_namespace,
            resource_id=self._target.resource_id,
            scalable_dimension=self._target.scalable_dimension,
            step_scaling_policy_configuration={
                "adjustment_type": "ChangeInCapacity",
                "metric_aggregation_type": "Average",
                "cooldown": 300,
                "step_adjustments": [{"metric_interval_lower_bound": "0", "scaling_adjustment": 1}],
            },
            opts=self._child,
        )
        aws.cloudwatch.MetricAlarm(
            f"{name}-wake",
            alarm_description="A request waits and no instance runs",
            namespace="AWS/SageMaker",
            metric_name="HasBacklogWithoutCapacity",
            dimensions={"EndpointName": args.endpoint_name},
            statistic="Average",
            period=60,
            evaluation_periods=2,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="missing",
            alarm_actions=[wake.arn],
            tags=dict(args.tags),
            opts=self._child,
        )


def _tracking(args: EndpointScalingArgs) -> aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict:
    configuration: aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict = {
        "target_value": args.target,
        "scale_out_cooldown": 60,
        "scale_in_cooldown": 300,
    }
    if args.measure == "backlog":
        configuration["customized_metric_specification"] = {
            "namespace": "AWS/SageMaker",
            "metric_name": "ApproximateBacklogSizePerInstance",
            "dimensions": [{"name": "EndpointName", "value": args.endpoint_name}],
            "statistic": "Average",
        }
    else:
        predefined = {
            "requests": "SageMakerVariantInvocationsPerInstance",
            "concurrency": "SageMakerVariantProvisionedConcurrencyUtilization",
        }
        configuration["predefined_metric_specification"] = {"predefined_metric_type": predefined[args.measure]}
    return configuration
