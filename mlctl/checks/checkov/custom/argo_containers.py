"""Containers of Argo workflows name their image by version and have a memory limit; Checkov's own two checks look at neither."""

from __future__ import annotations

from typing import Any

from checkov.argo_workflows.checks.base_argo_workflows_check import BaseArgoWorkflowsCheck  # type: ignore[import-not-found]
from checkov.common.models.enums import CheckCategories, CheckResult  # type: ignore[import-not-found]
from checkov.yaml_doc.enums import BlockType  # type: ignore[import-not-found]


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Every container and script of a workflow's templates."""
    templates = [template for template in spec.get("templates") or [] if isinstance(template, dict)]
    found = [template.get(key) for template in templates for key in ("container", "script")]
    return [container for container in found if isinstance(container, dict)]


class ImagePinned(BaseArgoWorkflowsCheck):  # type: ignore[misc]
    """`latest` is another image tomorrow."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure containers of workflows name their image by version or digest",
            id="CKV_ARGO_ML_1",
            categories=(CheckCategories.SUPPLY_CHAIN,),
            supported_entities=("spec",),
            block_type=BlockType.OBJECT,
        )

    def scan_conf(self, conf: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Fails on an image without tag, or with the tag latest."""
        for container in containers(conf):
            image = str(container.get("image", ""))
            if "@sha256:" not in image and image.rpartition("/")[2].partition(":")[2] in ("", "latest"):
                return CheckResult.FAILED, conf
        return CheckResult.PASSED, conf


class MemoryLimited(BaseArgoWorkflowsCheck):  # type: ignore[misc]
    """A step without a limit takes its neighbours down."""

    def __init__(self) -> None:
        super().__init__(
            name="Ensure containers of workflows have a memory limit",
            id="CKV_ARGO_ML_2",
            categories=(CheckCategories.GENERAL_SECURITY,),
            supported_entities=("spec",),
            block_type=BlockType.OBJECT,
        )

    def scan_conf(self, conf: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Fails on a container without resources.limits.memory."""
        for container in containers(conf):
            resources = container.get("resources") or {}
            if not (resources.get("limits") or {}).get("memory"):
                return CheckResult.FAILED, conf
        return CheckResult.PASSED, conf


image_pinned = ImagePinned()
memory_limited = MemoryLimited()
