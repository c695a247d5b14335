"""SageMaker's model packages: which versions of a model's group are approved, kept in step with what is pinned.

A package belongs to a registry version by its customer metadata `version`. Pinned and previous versions are approved; a version that was
rolled back, or was never promoted, is rejected or left waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlctl.errors import ServiceError

VERSION = "version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One model package."""

    arn: str
    version: int
    status: str


class ModelPackages:
    """The packages of one group.

    Parameters
    ----------
    group
        The model's name: infra/registry/model_group.py.
    sagemaker
        boto3's client.
    """

    def __init__(self, group: str, sagemaker: Any) -> None:
        self._group, self._sagemaker = group, sagemaker

    def packages(self) -> list[Package]:
        """Packages that name their registry version, by version."""
        found = []
        for summary in self._summaries():
            details = self._ask("describe_model_package", ModelPackageName=summary["ModelPackageArn"])
            version = details.get("CustomerMetadataProperties", {}).get(VERSION, "")
            if version.isdigit():
                found.append(Package(arn=details["ModelPackageArn"], version=int(version), status=details["ModelApprovalStatus"]))
        return sorted(found, key=lambda package: package.version)

    def follow(self, pinned: int | None, previous: int | None, rolled_back: frozenset[int]) -> list[str]:
        """Approve what is pinned or was before, reject what was rolled back; what was changed."""
        changed = []
        for package in self.packages():
            wanted = package.status
            if package.version in (pinned, previous):
                wanted = "Approved"
            elif package.version in rolled_back:
                wanted = "Rejected"
            if wanted != package.status:
                named = {VERSION: str(package.version)}
                self._ask("update_model_package", ModelPackageArn=package.arn, ModelApprovalStatus=wanted, CustomerMetadataProperties=named)
                changed.append(f"{self._group} version {package.version}: {package.status} → {wanted}")
        return changed

    def _summaries(self) -> Iterator[dict[str, Any]]:
        arguments: dict[str, Any] = {"ModelPackageGroupName": self._group}
        while True:
            page = self._ask("list_model_packages", **arguments)
            yield from page["ModelPackageSummaryList"]
            if not page.get("NextToken"):
                return
            arguments["NextToken"] = page["NextToken"]

    def _ask(self, call: str, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._sagemaker, call)(**arguments)
        except (BotoCoreError, ClientError) as error:
            raise ServiceError(f"SageMaker {call} of {self._group}: {error}", remedy="run the same command again") from None
        return answer
