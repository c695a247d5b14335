"""An ECR repository for one of our own images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRepositoryArgs:
    """What it is called and what it keeps."""

    repository_name: str
    key_arn: pulumi.Input[str]
    keep: int
    """How many images are kept."""
    protect: bool
    """Refuse to delete the repository while it holds images."""
    tags: Mapping[str, str] = field(default_factory=dict)


class ImageRepository(pulumi.ComponentResource):
    """Creates the repository (immutable tags, scanned on push, under our key) and the lifecycle that expires old images."""

    def __init__(self, name: str, args: ImageRepositoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:registry:ImageRepository", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        repository = aws.ecr.Repository(
            name,
            name=args.repository_name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
            force_delete=not args.protect,
            tags=dict(args.tags),
            opts=child,
        )
        aws.ecr.LifecyclePolicy(name, repository=repository.name, policy=json.dumps(_lifecycle(args.keep)), opts=child)
        self.url = repository.repository_url
        self.arn = repository.arn
        self.register_outputs({"url": self.url, "arn": self.arn})


def _lifecycle(keep: int) -> dict[str, object]:
    untagged = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7}
    newest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep}
    return {
        "rules": [
            {"rulePriority": 1, "description": "untagged for a week", "selection": untagged, "action": {"type": "expire"}},
            {"rulePriority": 2, "description": f"all but the newest {keep}", "selection": newest, "action": {"type": "expire"}},
        ]
    }
