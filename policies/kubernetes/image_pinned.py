"""What runs is what was tested."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.kubernetes.pods import CONTAINER, IMAGE_KINDS, WORKLOADS, images
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-image-pinned",
    title="Images are named by version or digest",
    severity=Severity.HIGH,
    types=(*WORKLOADS, *IMAGE_KINDS),
    why="`latest` is another image tomorrow.",
    remediation="Give a tag other than latest, better a digest (@sha256:…).",
    allowed=CONTAINER.allowed,
    disallowed=CONTAINER.with_container(image="nginx:latest"),
)
def image_pinned(args: ResourceValidationArgs) -> Iterator[str]:
    for name, image in images(args):
        tag = image.rpartition("/")[2].partition(":")[2]
        if "@sha256:" not in image and tag in ("", "latest"):
            yield f"container {name} runs {image}, which has no fixed version"
