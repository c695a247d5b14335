"""Studio reaches the internet through our network only."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given
from policies.rule import resource_rule


@resource_rule(
    id="aws-sagemaker-domain-private",
    title="A SageMaker domain runs in the VPC and is encrypted",
    severity=Severity.HIGH,
    types=("aws:sagemaker/domain:Domain",),
    why="A notebook sees the data; what leaves it must pass our network.",
    remediation="Set app_network_access_type to VpcOnly and kms_key_id.",
    allowed={"appNetworkAccessType": "VpcOnly", "kmsKeyId": "arn:aws:kms:…"},
    disallowed={"appNetworkAccessType": "PublicInternetOnly", "kmsKeyId": "arn:aws:kms:…"},
)
def sagemaker_domain_private(args: ResourceValidationArgs) -> Iterator[str]:
    if args.props.get("appNetworkAccessType") != "VpcOnly":
        yield "app_network_access_type is not VpcOnly"
    if not given(args.props, "kmsKeyId"):
        yield "is not encrypted with a key of our own"
