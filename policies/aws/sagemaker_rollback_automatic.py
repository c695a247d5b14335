"""A bad rollout is undone without waiting for a person."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, value_at
from policies.rule import resource_rule
from policies.settings import Settings


@resource_rule(
    id="aws-sagemaker-rollback-automatic",
    title="A production endpoint that shifts traffic rolls back on alarms",
    severity=Severity.HIGH,
    types=("aws:sagemaker/endpoint:Endpoint",),
    why="Between the alarm and the person lies the damage.",
    remediation="Set deployment_config.auto_rollback_configuration.alarms.",
    allowed={"deploymentConfig": {"blueGreenUpdatePolicy": {}, "autoRollbackConfiguration": {"alarms": [{"alarmName": "errors"}]}}},
    disallowed={"deploymentConfig": {"blueGreenUpdatePolicy": {}}},
)
def sagemaker_rollback_automatic(args: ResourceValidationArgs) -> Iterator[str]:
    if not given(args.props, "deploymentConfig") or not Settings(args.get_config()).production:
        return
    if not len(value_at(args.props, "deploymentConfig.autoRollbackConfiguration.alarms") or ()):
        yield "has no alarm that rolls it back"
