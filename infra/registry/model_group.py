"""Where the versions of one model are registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelGroupArgs:
    """Which model."""

    model: str
    tags: Mapping[str, str]


class ModelGroup(pulumi.ComponentResource):
    """Creates the SageMaker model package group of one model."""

    def __init__(self, name: str, args: ModelGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:registry:ModelGroup", name, {}, opts)
        group = aws.sagemaker.ModelPackageGroup(
            name,
            model_package_group_name=args.model,
            model_package_group_description=f"Versions of the model {args.model}",
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = group.model_package_group_name
        self.register_outputs({"name": self.name})
