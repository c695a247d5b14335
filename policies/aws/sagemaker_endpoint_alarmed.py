"""Somebody is told when an endpoint fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.property import given, items, known
from policies.rule import Part, relation_rule
from policies.stack import Stack

_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_ERRORS = ("Invocation5XXErrors", "InvocationModelErrors", "InvocationFailures")


@relation_rule(
    id="aws-sagemaker-endpoint-alarmed",
    title="Every endpoint has alarms on errors and latency",
    severity=Severity.HIGH,
    types=("aws:sagemaker/endpoint:Endpoint",),
    related=(_ALARM,),
    why="A silent failure is found by the customer, and a rollout without alarms is not undone.",
    remediation="Add aws.cloudwatch.MetricAlarm on Invocation5XXErrors (asynchronous: InvocationFailures) and ModelLatency of it.",
    allowed=(
        Part(type="aws:sagemaker/endpoint:Endpoint", name="e", props={"name": "churn"}),
        Part(type=_ALARM, name="errors", props={"metricName": _ERRORS[0], "dimensions": {"EndpointName": "churn"}, "alarmActions": ["t"]}),
        Part(
            type=_ALARM,
            name="latency",
            props={"metricName": "ModelLatency", "dimensions": {"EndpointName": "churn"}, "alarmActions": ["t"]},
        ),
    ),
    disallowed=(
        Part(type="aws:sagemaker/endpoint:Endpoint", name="e", props={"name": "churn"}),
        Part(type=_ALARM, name="errors", props={"metricName": _ERRORS[0], "dimensions": {"EndpointName": "churn"}, "alarmActions": ["t"]}),
    ),
)
def sagemaker_endpoint_alarmed(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    watched: set[str] = set()
    for alarm in stack.resources(_ALARM):
        if _watches(alarm, subject) and given(alarm.props, "alarmActions"):
            watched |= _metrics(alarm.props)
    if not watched & set(_ERRORS):
        yield "has no alarm on errors"
    if "ModelLatency" not in watched:
        yield "has no alarm on latency"


def _metrics(props: Mapping[str, Any]) -> set[str]:
    """The metric of an alarm, or those of its expression."""
    queries = [query.get("metric") or {} for query in items(props.get("metricQueries"))]
    return {str(name) for name in (props.get("metricName"), *(metric.get("metricName") for metric in queries)) if name}


def _watches(alarm: PolicyResource, endpoint: PolicyResource) -> bool:
    """Whether the alarm depends on the endpoint or names it."""
    pointed = [target.urn for name in ("dimensions", "metricQueries") for target in alarm.property_dependencies.get(name, ())]
    name = known(endpoint.props, "name")
    dimensions = [known(alarm.props, "dimensions.EndpointName")]
    dimensions += [known(query, "metric.dimensions.EndpointName") for query in items(alarm.props.get("metricQueries"))]
    return endpoint.urn in pointed or (name is not None and name in dimensions)
