"""Public registries mirrored through ECR, so that a rate limit or an outage elsewhere stops nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.policy_document import allow
from infra.service_role import ServiceRole, ServiceRoleArgs

PREFIXES = {"public.ecr.aws": "ecr-public", "registry.k8s.io": "kubernetes", "quay.io": "quay"}
"""Upstream registry → prefix of its mirrored repositories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullThroughArgs:
    """Which registries."""

    registries: Sequence[str]
    key_arn: pulumi.Input[str]
    account: str
    region: str


class PullThrough(pulumi.ComponentResource):
    """Creates the scan-on-push setting of the registry; per upstream a cache rule and the template of the repositories it makes (our key,
    untagged images expire); and the role that makes them. Their tags are mutable: they follow the upstream's.
    """

    def __init__(self, name: str, args: PullThroughArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:registry:PullThrough", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        aws.ecr.RegistryScanningConfiguration(
            name,
            scan_type="BASIC",
            rules=[{"scan_frequency": "SCAN_ON_PUSH", "repository_filters": [{"filter": "*", "filter_type": "WILDCARD"}]}],
            opts=child,
        )
        if args.registries:
            role = _creation_role(name, args, child)
        for registry in args.registries:
            prefix = PREFIXES[registry]
            template = aws.ecr.RepositoryCreationTemplate(
                f"{name}-{prefix}",
                prefix=prefix,
                description=f"Mirror of {registry}",
                applied_fors=["PULL_THROUGH_CACHE"],
                image_tag_mutability="MUTABLE",
                encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
                custom_role_arn=role.arn,
                lifecycle_policy=json.dumps(_unused()),
                opts=child,
            )
            aws.ecr.PullThroughCacheRule(
                f"{name}-{prefix}",
                ecr_repository_prefix=prefix,
                upstream_registry_url=registry,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[template]),
            )
        self.register_outputs({"prefixes": {registry: PREFIXES[registry] for registry in args.registries}})


def _creation_role(name: str, args: PullThroughArgs, child: pulumi.ResourceOptions) -> ServiceRole:
    mirrored = [f"arn:aws:ecr:{args.region}:{args.account}:repository/{PREFIXES[registry]}/*" for registry in args.registries]
    return ServiceRole(
        name,
        ServiceRoleArgs(
            services=["ecr.amazonaws.com"],
            description="Makes the repositories of mirrored images",
            statements=[
                allow("MakeRepositories", actions=("ecr:CreateRepository", "ecr:TagResource"), resources=mirrored),
                allow(
                    "EncryptRepositories",
                    actions=("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"),
                    resources=args.key_arn,
                ),
            ],
        ),
        opts=child,
    )


def _unused() -> dict[str, object]:
    untagged = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 30}
    return {"rules": [{"rulePriority": 1, "description": "untagged for a month", "selection": untagged, "action": {"type": "expire"}}]}
