"""The VPC with its three tiers of subnets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, slots=True, kw_only=True)
class VpcArgs:
    """Addresses and zones. The lists are parallel: one subnet of each tier per zone."""

    cidr: str
    zones: Sequence[str]
    public: Sequence[str]
    private: Sequence[str]
    isolated: Sequence[str]
    nat: Literal["single", "per_zone"]
    """`single`: all zones leave through the first one's gateway."""


class Vpc(pulumi.ComponentResource):
    """Creates the VPC with DNS; its default security group closed; public subnets with an internet gateway; NAT gateways, one or one per
    zone; private subnets that leave through them; isolated subnets without any route out; a route table for the public tier and one per
    zone for the other two.
    """

    def __init__(self, name: str, args: VpcArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:network:Vpc", name, {}, opts)
        self._name = name
        self._zones = args.zones
        self._child = pulumi.ResourceOptions(parent=self)
        self._vpc = aws.ec2.Vpc(
            name, cidr_block=args.cidr, enable_dns_hostnames=True, enable_dns_support=True, tags={"Name": name}, opts=self._child
        )
        self.id = self._vpc.id
        aws.ec2.DefaultSecurityGroup(name, vpc_id=self.id, ingress=[], egress=[], tags={"Name": f"{name}-closed"}, opts=self._child)
        public = self._subnets("public", args.public, {"kubernetes.io/role/elb": "1"})
        private = self._subnets("private", args.private, {"kubernetes.io/role/internal-elb": "1"})
        isolated = self._subnets("isolated", args.isolated, {})
        self._route_public(public)
        gateways = self._nat_gateways(public, count=1 if args.nat == "single" else len(args.zones))
        self.private_route_table_ids = self._route_zones("private", private, gateways)
        self.isolated_route_table_ids = self._route_zones("isolated", isolated, [])
        self.public_subnet_ids = [subnet.id for subnet in public]
        self.private_subnet_ids = [subnet.id for subnet in private]
        self.isolated_subnet_ids = [subnet.id for subnet in isolated]
        self.register_outputs(
            {"id": self.id, "private_subnet_ids": self.private_subnet_ids, "isolated_subnet_ids": self.isolated_subnet_ids}
        )

    def _subnets(self, tier: str, cidrs: Sequence[str], tags: dict[str, str]) -> list[aws.ec2.Subnet]:
        return [
            aws.ec2.Subnet(
                f"{self._name}-{tier}-{zone}",
                vpc_id=self.id,
                availability_zone=zone,
                cidr_block=cidr,
                map_public_ip_on_launch=False,
                tags={"Name": f"{self._name}-{tier}-{zone}", "tier": tier, **tags},
                opts=self._child,
            )
            for zone, cidr in zip(self._zones, cidrs, strict=True)
        ]

    def _route_public(self, subnets: list[aws.ec2.Subnet]) -> None:
        gateway = aws.ec2.InternetGateway(self._name, vpc_id=self.id, tags={"Name": self._name}, opts=self._child)
        table = self._route_table(f"{self._name}-public")
        aws.ec2.Route(
            f"{self._name}-public",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self._child,
        )
        for zone, subnet in zip(self._zones, subnets, strict=True):
            self._associate(f"{self._name}-public-{zone}", table, subnet)

    def _nat_gateways(self, public: list[aws.ec2.Subnet], *, count: int) -> list[aws.ec2.NatGateway]:
        gateways = []
        for zone, subnet in list(zip(self._zones, public, strict=True))[:count]:
            name = f"{self._name}-nat-{zone}"
            address = aws.ec2.Eip(name, domain="vpc", tags={"Name": name}, opts=self._child)
            gateways.append(
                aws.ec2.NatGateway(name, allocation_id=address.allocation_id, subnet_id=subnet.id, tags={"Name": name}, opts=self._child)
            )
        return gateways

    def _route_zones(self, tier: str, subnets: list[aws.ec2.Subnet], gateways: list[aws.ec2.NatGateway]) -> list[pulumi.Output[str]]:
        """One table per zone, so that a change from one gateway to one per zone replaces routes and no tables."""
        tables = []
        for number, (zone, subnet) in enumerate(zip(self._zones, subnets, strict=True)):
            name = f"{self._name}-{tier}-{zone}"
            table = self._route_table(name)
            self._associate(name, table, subnet)
            if gateways:
                gateway = gateways[min(number, len(gateways) - 1)]
                aws.ec2.Route(
                    name, route_table_id=table.id, destination_cidr_block="0.0.0.0/0", nat_gateway_id=gateway.id, opts=self._child
                )
            tables.append(table.id)
        return tables

    def _route_table(self, name: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(name, vpc_id=self.id, tags={"Name": name}, opts=self._child)

    def _associate(self, name: str, table: aws.ec2.RouteTable, subnet: aws.ec2.Subnet) -> None:
        aws.ec2.RouteTableAssociation(name, route_table_id=table.id, subnet_id=subnet.id, opts=self._child)
