"""Old images go."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.rule import Part, relation_rule
from policies.stack import Stack

_LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"


@relation_rule(
    id="spend-images-expire",
    title="Every image repository forgets old images",
    severity=Severity.LOW,
    types=("aws:ecr/repository:Repository",),
    related=(_LIFECYCLE,),
    why="Images are gigabytes each, and every build adds one.",
    remediation="Add an aws.ecr.LifecyclePolicy.",
    allowed=(
        Part(type="aws:ecr/repository:Repository", name="train"),
        Part(type=_LIFECYCLE, name="l", props={"policy": "{}"}, refers={"repository": ("train",)}),
    ),
    disallowed=(Part(type="aws:ecr/repository:Repository", name="train"),),
)
def images_expire(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    if not stack.pointing_at(subject, _LIFECYCLE, "repository", "name"):
        yield "has no lifecycle policy"
