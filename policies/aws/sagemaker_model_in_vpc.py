"""A model's container runs in our subnets."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.aws.serverless import serves_serverless
from policies.property import given
from policies.rule import Part, relation_rule
from policies.stack import Stack


@relation_rule(
    id="aws-sagemaker-model-in-vpc",
    title="Model containers run in the private subnets",
    severity=Severity.MEDIUM,
    types=("aws:sagemaker/model:Model",),
    related=("aws:sagemaker/endpointConfiguration:EndpointConfiguration",),
    why="Traffic to buckets and registries then stays inside and is in the flow log.",
    remediation="Set vpc_config with subnets and security_group_ids. (AWS has none for serverless endpoints.)",
    allowed=(Part(type="aws:sagemaker/model:Model", name="m", props={"vpcConfig": {"subnets": ["s-1"], "securityGroupIds": ["sg-1"]}}),),
    disallowed=(Part(type="aws:sagemaker/model:Model", name="m"),),
)
def sagemaker_model_in_vpc(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    if not serves_serverless(subject, stack) and not given(subject.props, "vpcConfig.subnets"):
        yield "runs outside our subnets"
