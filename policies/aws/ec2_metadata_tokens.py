"""Instances answer only signed metadata requests."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import value_at
from policies.rule import resource_rule


@resource_rule(
    id="aws-ec2-metadata-tokens",
    title="Instance metadata needs a token (IMDSv2)",
    severity=Severity.HIGH,
    types=("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance"),
    why="With IMDSv1 a forged request from inside steals the instance's credentials.",
    remediation="Set metadata_options.http_tokens to required.",
    allowed={"metadataOptions": {"httpTokens": "required"}},
    disallowed={"metadataOptions": {"httpTokens": "optional"}},
)
def ec2_metadata_tokens(args: ResourceValidationArgs) -> Iterator[str]:
    if value_at(args.props, "metadataOptions.httpTokens") != "required":
        yield "metadata_options.http_tokens is not required"
