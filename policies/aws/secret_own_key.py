"""Secrets are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given
from policies.rule import resource_rule


@resource_rule(
    id="aws-secret-own-key",
    title="Secrets are encrypted with our own key",
    severity=Severity.MEDIUM,
    types=("aws:secretsmanager/secret:Secret",),
    why="Who may decrypt is then decided by our key's policy.",
    remediation="Set kms_key_id.",
    allowed={"kmsKeyId": "arn:aws:kms:…"},
    disallowed={"name": "grafana"},
)
def secret_own_key(args: ResourceValidationArgs) -> Iterator[str]:
    if not given(args.props, "kmsKeyId"):
        yield "is encrypted with the account's shared key"
