"""An endpoint on instances grows with its traffic, within bounds."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.property import given, items, known
from policies.rule import Part, relation_rule
from policies.stack import Stack

_CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
_TARGET = "aws:appautoscaling/target:Target"


@relation_rule(
    id="aws-sagemaker-endpoint-scaled",
    title="Every endpoint on instances scales between bounds",
    severity=Severity.MEDIUM,
    types=("aws:sagemaker/endpoint:Endpoint",),
    related=(_CONFIGURATION, _TARGET),
    why="Without a lower bound it stops, without an upper bound its cost has no limit.",
    remediation="Add aws.appautoscaling.Target for endpoint/<name>/variant/<variant> with min_capacity and max_capacity, and a Policy.",
    allowed=(
        Part(type="aws:sagemaker/endpoint:Endpoint", name="e", props={"name": "churn"}),
        Part(type=_TARGET, name="t", props={"resourceId": "endpoint/churn/variant/a", "minCapacity": 1, "maxCapacity": 4}),
    ),
    disallowed=(Part(type="aws:sagemaker/endpoint:Endpoint", name="e", props={"name": "churn"}),),
)
def sagemaker_endpoint_scaled(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    used = [target.urn for target in subject.property_dependencies.get("endpointConfigName", ())]
    for configuration in stack.resources(_CONFIGURATION):
        variants = items(configuration.props.get("productionVariants"))
        if configuration.urn in used and variants and all(given(variant, "serverlessConfig") for variant in variants):
            return
    if not any(_scales(target, subject) for target in stack.resources(_TARGET)):
        yield "does not scale"


def _scales(target: PolicyResource, endpoint: PolicyResource) -> bool:
    """Whether an autoscaling target is this endpoint's."""
    pointed = [resource.urn for resource in target.property_dependencies.get("resourceId", ())]
    name, resource = known(endpoint.props, "name"), known(target.props, "resourceId")
    return endpoint.urn in pointed or (name is not None and str(resource).startswith(f"endpoint/{name}/"))
