"""Images are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, items
from policies.rule import resource_rule


@resource_rule(
    id="aws-ecr-own-key",
    title="Images are encrypted with our own key",
    severity=Severity.MEDIUM,
    types=("aws:ecr/repository:Repository",),
    why="A key of our own can be revoked and its use is logged.",
    remediation="Give encryption_configurations with encryption_type KMS and kms_key.",
    allowed={"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": "arn:aws:kms:…"}]},
    disallowed={"encryptionConfigurations": [{"encryptionType": "AES256"}]},
)
def ecr_own_key(args: ResourceValidationArgs) -> Iterator[str]:
    found = items(args.props.get("encryptionConfigurations"))
    if not any(item.get("encryptionType") == "KMS" and given(item, "kmsKey") for item in found):
        yield "is encrypted with the registry's key, not our own"
