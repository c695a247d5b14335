"""Images are scanned when they arrive."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import true, value_at
from policies.rule import resource_rule


@resource_rule(
    id="aws-ecr-scanned",
    title="Images are scanned on push",
    severity=Severity.MEDIUM,
    types=("aws:ecr/repository:Repository",),
    why="A known vulnerability is found before the image runs.",
    remediation="Set image_scanning_configuration.scan_on_push to True.",
    allowed={"imageScanningConfiguration": {"scanOnPush": True}},
    disallowed={"imageScanningConfiguration": {"scanOnPush": False}},
)
def ecr_scanned(args: ResourceValidationArgs) -> Iterator[str]:
    if not true(value_at(args.props, "imageScanningConfiguration.scanOnPush")):
        yield "scan_on_push is off"
