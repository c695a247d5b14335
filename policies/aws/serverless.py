"""Whether a SageMaker model serves without instances: AWS then has no network isolation, no VPC and no disk of ours."""

from __future__ import annotations

from pulumi_policy import PolicyResource

from policies.property import given, items
from policies.stack import Stack

CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"


def serves_serverless(model: PolicyResource, stack: Stack) -> bool:
    """True where every variant that uses the model is serverless, and there is one."""
    found = []
    for configuration in stack.resources(CONFIGURATION):
        if model not in configuration.property_dependencies.get("productionVariants", ()):
            continue
        found += [given(variant, "serverlessConfig") for variant in items(configuration.props.get("productionVariants"))]
    return bool(found) and all(found)
