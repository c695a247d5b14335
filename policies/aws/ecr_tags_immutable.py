"""An image tag, once pushed, stays what it was."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule


@resource_rule(
    id="aws-ecr-tags-immutable",
    title="Image tags cannot be overwritten",
    severity=Severity.HIGH,
    types=("aws:ecr/repository:Repository",),
    why="What was scanned and approved under a tag must be what runs under it.",
    remediation="Set image_tag_mutability to IMMUTABLE.",
    allowed={"imageTagMutability": "IMMUTABLE"},
    disallowed={"imageTagMutability": "MUTABLE"},
)
def ecr_tags_immutable(args: ResourceValidationArgs) -> Iterator[str]:
    if args.props.get("imageTagMutability") != "IMMUTABLE":
        yield f"image_tag_mutability is {args.props.get('imageTagMutability', 'MUTABLE (the default)')}"
