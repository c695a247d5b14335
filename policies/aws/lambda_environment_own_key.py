"""The environment of functions is encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given
from policies.rule import resource_rule


@resource_rule(
    id="aws-lambda-environment-own-key",
    title="Functions with an environment encrypt it with our own key",
    severity=Severity.LOW,
    types=("aws:lambda/function:Function",),
    why="Who may read the environment is then decided by our key's policy.",
    remediation="Set kms_key_arn.",
    allowed={"environment": {"variables": {"TABLE": "x"}}, "kmsKeyArn": "arn:aws:kms:…"},
    disallowed={"environment": {"variables": {"TABLE": "x"}}},
)
def lambda_environment_own_key(args: ResourceValidationArgs) -> Iterator[str]:
    if given(args.props, "environment") and not given(args.props, "kmsKeyArn"):
        yield "its environment is not encrypted with a key of our own"
