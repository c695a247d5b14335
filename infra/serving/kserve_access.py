"""What a model on the cluster may touch, and nothing else may: its key, its log group, its account with its role."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from infra.pod_role import PodRole, PodRoleArgs
from infra.policy_document import Statement, allow
from infra.serving.model_key import model_key, model_log_group
from infra.serving.placed_model import PlacedModel
from mlctl.config.team import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class KServeAccessArgs:
    """Which model, on which cluster, for whom."""

    placed: PlacedModel
    team: Team
    """Its namespace has the same name."""
    cluster: pulumi.Input[str]


class KServeAccess(pulumi.ComponentResource):
    """Creates the model's key; its log group under that key, to which the log collector sends what its pods write; and its service
    account with a role that reads this model's artefacts and writes its records. Records lie under the key of their bucket: KServe's
    logger cannot name another.
    """

    def __init__(self, name: str, args: KServeAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:KServeAccess", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        placed = args.placed
        key = model_key(name, placed, child)
        self.log_group = model_log_group(name, placed.log_group, placed, key, child)
        PodRole(
            name,
            PodRoleArgs(
                cluster=args.cluster,
                account=placed.here.account,
                namespace=args.team.name,
                service_account=placed.name,
                statements=_statements(placed),
                tags=placed.tags,
            ),
            opts=child,
        )
        self.account = kubernetes.core.v1.ServiceAccount(
            name,
            metadata={
                "name": placed.name,
                "namespace": args.team.name,
                "labels": labels(placed.name, args.team, model=placed.name),
            },
            automount_service_account_token=False,
            opts=child,
        )
        self.register_outputs({"key_arn": key.arn, "log_group": self.log_group.name})


def _statements(placed: PlacedModel) -> list[Statement]:
    here = placed.here
    listing = {"StringLike": {"s3:prefix": f"{placed.name}/*"}}
    statements = [
        allow("ReadArtefacts", actions=("s3:GetObject",), resources=pulumi.Output.concat(here.models_bucket_arn, f"/{placed.name}/*")),
        allow("FindArtefacts", actions=("s3:ListBucket",), resources=here.models_bucket_arn, condition=listing),
        allow("DecryptArtefacts", actions=("kms:Decrypt",), resources=here.models_key_arn),
    ]
    if placed.model.data_capture_percent:
        statements.append(allow("RecordRequests", actions=("s3:PutObject",), resources=placed.capture_arn))
        statements.append(allow("EncryptRecords", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=here.data_key_arn))
    return statements
