"""The VPC: zones, subnets, NAT and private endpoints."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations
from typing import Literal, Self

from pydantic import Field, model_validator

from mlctl.config.base import LogRetentionDays, Section


class Network(Section):
    """Addresses of one environment. Environments that are peered must not overlap."""

    cidr: IPv4Network
    """Address range of the VPC, /16 to /20. From your network team's address plan."""
    zones: tuple[str, ...] = Field(min_length=2, max_length=3)
    """Two or three availability zones of the region: `aws ec2 describe-availability-zones`."""
    public: tuple[IPv4Network, ...]
    """One public subnet per zone, in the order of `zones`: load balancers and NAT."""
    private: tuple[IPv4Network, ...]
    """One private subnet per zone: nodes and pods; outbound through NAT."""
    isolated: tuple[IPv4Network, ...]
    """One isolated subnet per zone: databases; no route to the internet."""
    nat: Literal["single", "per_zone"]
    """`single` is cheaper, `per_zone` survives the loss of a zone."""
    flow_log_retention_days: LogRetentionDays = 30
    """How long VPC flow logs are kept, days."""
    interface_endpoints: tuple[str, ...] = ()
    """AWS services reached without NAT, for example `ecr.api`: `aws ec2 describe-vpc-endpoint-services`."""

    @model_validator(mode="after")
    def _subnets_fit(self) -> Self:
        for tier in ("public", "private", "isolated"):
            subnets: tuple[IPv4Network, ...] = getattr(self, tier)
            if len(subnets) != len(self.zones):
                raise ValueError(f"{tier} has {len(subnets)} subnets for {len(self.zones)} zones; give one subnet per zone")
            for subnet in subnets:
                if not subnet.subnet_of(self.cidr):
                    raise ValueError(f"{tier} subnet {subnet} does not lie inside cidr {self.cidr}")
        named = [(tier, subnet) for tier in ("public", "private", "isolated") for subnet in getattr(self, tier)]
        for (tier, one), (other_tier, other) in combinations(named, 2):
            if one.overlaps(other):
                raise ValueError(f"{tier} subnet {one} overlaps {other_tier} subnet {other}")
        return self

    @model_validator(mode="after")
    def _zones_are_distinct(self) -> Self:
        if len(set(self.zones)) != len(self.zones):
            raise ValueError("zones names one availability zone twice")
        return self
