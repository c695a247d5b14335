"""How a real-time endpoint moves to a new version, and back."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from mlctl.config.model import Rollout

_TYPES = {"canary": "CANARY", "linear": "LINEAR", "all_at_once": "ALL_AT_ONCE"}
_STEPS = {"canary": "canary_size", "linear": "linear_step_size"}


def deployment(rollout: Rollout, alarm_names: Sequence[pulumi.Input[str]]) -> aws.sagemaker.EndpointDeploymentConfigArgsDict:
    """SageMaker's blue/green deployment: traffic moves in the steps of the rollout, and all of it goes back when an alarm goes off."""
    seconds = rollout.bake_minutes * 60
    routing: dict[str, object] = {"type": _TYPES[rollout.strategy], "wait_interval_in_seconds": seconds}
    if step := _STEPS.get(rollout.strategy):
        routing[step] = {"type": "CAPACITY_PERCENT", "value": rollout.step_percent}
    steps = 100 // rollout.step_percent + 1 if rollout.strategy == "linear" else 2
    return {
        "blue_green_update_policy": {
            "traffic_routing_configuration": routing,
            "termination_wait_in_seconds": seconds,
            # Time for the steps and an hour for instances to start; AWS allows 10 minutes to 8 hours.
            "maximum_execution_timeout_in_seconds": min(28800, steps * seconds + 3600),
        },
        "auto_rollback_configuration": {"alarms": [{"alarm_name": name} for name in alarm_names]},
    }
