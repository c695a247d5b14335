"""The EKS API is not open to the internet."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import items, value_at
from policies.rule import resource_rule


@resource_rule(
    id="aws-eks-endpoint-private",
    title="The EKS API is not open to the internet",
    severity=Severity.CRITICAL,
    types=("aws:eks/cluster:Cluster",),
    why="Whoever can reach the API can try stolen credentials and new vulnerabilities on it.",
    remediation="Set vpc_config.endpoint_public_access to False, or list your own addresses in public_access_cidrs.",
    allowed={"vpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True}},
    disallowed={"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]}},
)
def eks_endpoint_private(args: ResourceValidationArgs) -> Iterator[str]:
    if value_at(args.props, "vpcConfig.endpointPublicAccess") is False:
        return
    addresses = items(value_at(args.props, "vpcConfig.publicAccessCidrs")) or ["0.0.0.0/0"]
    for address in addresses:
        if str(address).endswith("/0"):
            yield f"its API is reachable from {address}"
