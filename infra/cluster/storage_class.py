"""The default storage class."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from mlctl.config.team import Team

NAME = "gp3"


def storage_class(*, team: Team, key_arn: pulumi.Input[str], opts: pulumi.ResourceOptions) -> kubernetes.storage.v1.StorageClass:
    """gp3, encrypted with our key, the default; a volume is made in the zone of its first pod and deleted with its claim."""
    return kubernetes.storage.v1.StorageClass(
        NAME,
        metadata={
            "name": NAME,
            "labels": labels(NAME, team),
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        provisioner="ebs.csi.aws.com",
        parameters={
            "type": "gp3",
            "encrypted": "true",
            "kmsKeyId": key_arn,
            "tagSpecification_1": f"team={team.name}",
            "tagSpecification_2": f"cost-centre={team.cost_centre}",
        },
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
        reclaim_policy="Delete",
        opts=opts,
    )
