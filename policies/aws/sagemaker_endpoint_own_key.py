"""The disks of endpoints are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.aws.local_disk import has_local_disk
from policies.property import given, items
from policies.rule import resource_rule


@resource_rule(
    id="aws-sagemaker-endpoint-own-key",
    title="Endpoints are encrypted with our own key",
    severity=Severity.HIGH,
    types=("aws:sagemaker/endpointConfiguration:EndpointConfiguration",),
    why="The model and captured requests lie on the endpoint's disk.",
    remediation="Set kms_key_arn. (Not judged: serverless has no disk of ours, and instances with local disks encrypt them in hardware.)",
    allowed={"kmsKeyArn": "arn:aws:kms:…", "productionVariants": [{"instanceType": "ml.m5.large"}]},
    disallowed={"productionVariants": [{"instanceType": "ml.m5.large"}]},
)
def sagemaker_endpoint_own_key(args: ResourceValidationArgs) -> Iterator[str]:
    disks = [variant for variant in items(args.props.get("productionVariants")) if not given(variant, "serverlessConfig")]
    takes_key = disks and not any(has_local_disk(str(variant.get("instanceType"))) for variant in disks)
    if takes_key and not given(args.props, "kmsKeyArn"):
        yield "is not encrypted with a key of our own"
