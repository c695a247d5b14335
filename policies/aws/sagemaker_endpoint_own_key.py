"""The disks of endpoints are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, items
from policies.rule import resource_rule


@resource_rule(
    id="aws-sagemaker-endpoint-own-key",
    title="Endpoints are encrypted with our own key",
    severity=Severity.HIGH,
    types=("aws:sagemaker/endpointConfiguration:EndpointConfiguration",),
    why="The model and captured requests lie on the endpoint's disk.",
    remediation="Set kms_key_arn. (A serverless endpoint has no disk of ours and is not judged.)",
    allowed={"kmsKeyArn": "arn:aws:kms:…", "productionVariants": [{"instanceType": "ml.m5.large"}]},
    disallowed={"productionVariants": [{"instanceType": "ml.m5.large"}]},
)
def sagemaker_endpoint_own_key(args: ResourceValidationArgs) -> Iterator[str]:
    on_instances = any(not given(variant, "serverlessConfig") for variant in items(args.props.get("productionVariants")))
    if on_instances and not given(args.props, "kmsKeyArn"):
        yield "is not encrypted with a key of our own"
