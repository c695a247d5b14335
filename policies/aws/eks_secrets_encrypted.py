"""Kubernetes secrets are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, items, value_at
from policies.rule import resource_rule


@resource_rule(
    id="aws-eks-secrets-encrypted",
    title="Kubernetes secrets are encrypted with our own key",
    severity=Severity.HIGH,
    types=("aws:eks/cluster:Cluster",),
    why="A key of our own can be revoked and its use is logged.",
    remediation="Give encryption_config with resources=['secrets'] and a KMS key.",
    allowed={"encryptionConfig": {"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:…"}}},
    disallowed={"version": "1.33"},
)
def eks_secrets_encrypted(args: ResourceValidationArgs) -> Iterator[str]:
    if "secrets" not in items(value_at(args.props, "encryptionConfig.resources")):
        yield "encryption_config does not name `secrets`"
    elif not given(args.props, "encryptionConfig.provider.keyArn"):
        yield "encryption_config.provider has no key_arn"
