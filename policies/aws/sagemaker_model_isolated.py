"""A model's container cannot reach any network."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.aws.serverless import serves_serverless
from policies.property import true
from policies.rule import Part, relation_rule
from policies.stack import Stack

_CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"


@relation_rule(
    id="aws-sagemaker-model-isolated",
    title="Model containers have network isolation",
    severity=Severity.HIGH,
    types=("aws:sagemaker/model:Model",),
    related=(_CONFIGURATION,),
    why="A model artefact is code of many hands; it must not be able to send data out.",
    remediation="Set enable_network_isolation to True. (AWS has none for serverless endpoints.)",
    allowed=(Part(type="aws:sagemaker/model:Model", name="m", props={"enableNetworkIsolation": True}),),
    disallowed=(Part(type="aws:sagemaker/model:Model", name="m", props={"enableNetworkIsolation": False}),),
)
def sagemaker_model_isolated(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    if not serves_serverless(subject, stack) and not true(subject.props.get("enableNetworkIsolation")):
        yield "enable_network_isolation is off"
