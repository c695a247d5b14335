"""A version of a model as SageMaker knows it: image, artefact, role, network."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.serving.model_access import ModelAccess
from infra.serving.placed_model import PlacedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerModelArgs:
    """Which version."""

    placed: PlacedModel
    version: int
    access: ModelAccess


class ContainerModel(pulumi.ComponentResource):
    """Creates the SageMaker model; inside the VPC where the configuration says so, with a security group that reaches S3 and the VPC's
    endpoints over HTTPS and nothing else.
    """

    def __init__(self, name: str, args: ContainerModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:ContainerModel", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        placed = args.placed
        model = aws.sagemaker.Model(
            name,
            execution_role_arn=args.access.role.arn,
            enable_network_isolation=placed.model.network_isolation,
            primary_container={
                "image": placed.image,
                "model_data_url": placed.artefact(args.version),
                "environment": {"MODEL_NAME": placed.name, "MODEL_VERSION": str(args.version)},
            },
            vpc_config=self._network(name, placed) if placed.model.vpc else None,
            tags={**placed.tags, "model": placed.name, "model-version": str(args.version)},
            # SageMaker reads image and artefact with the role when the model is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.access]),
        )
        self.name = model.name
        self.register_outputs({"name": self.name})

    def _network(self, name: str, placed: PlacedModel) -> aws.sagemaker.ModelVpcConfigArgsDict:
        here = placed.here
        group = aws.ec2.SecurityGroup(
            name, vpc_id=here.vpc_id, description=f"Containers of the model {placed.name}", tags=dict(placed.tags), opts=self._child
        )
        for short, target in (("s3", {"prefix_list_id": here.s3_prefix_list_id}), ("vpc", {"cidr_ipv4": here.vpc_cidr})):
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-{short}",
                security_group_id=group.id,
                description=f"HTTPS to {short}",
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                prefix_list_id=target.get("prefix_list_id"),
                cidr_ipv4=target.get("cidr_ipv4"),
                tags=dict(placed.tags),
                opts=self._child,
            )
        return {"security_group_ids": [group.id], "subnets": here.subnet_ids}
