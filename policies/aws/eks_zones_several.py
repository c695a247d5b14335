"""The control plane reaches the nodes in at least two zones."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import value_at
from policies.rule import resource_rule


@resource_rule(
    id="aws-eks-zones-several",
    title="An EKS cluster spans at least two subnets",
    severity=Severity.HIGH,
    types=("aws:eks/cluster:Cluster",),
    why="A cluster in one subnet stops with its zone.",
    remediation="Pass the private subnets of all zones in vpc_config.subnet_ids.",
    allowed={"vpcConfig": {"subnetIds": ["subnet-1", "subnet-2"]}},
    disallowed={"vpcConfig": {"subnetIds": ["subnet-1"]}},
)
def eks_zones_several(args: ResourceValidationArgs) -> Iterator[str]:
    subnets = len(value_at(args.props, "vpcConfig.subnetIds") or ())
    if subnets < 2:
        yield f"has {subnets} subnets; at least 2 are needed"
