"""AWS services reached from inside the VPC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

_GATEWAYS = ("s3", "dynamodb")
"""Free, so always there: image layers and data do not pay for NAT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointsArgs:
    """Which services, and from where."""

    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    region: str
    subnet_ids: Sequence[pulumi.Input[str]]
    """Where interface endpoints get their addresses: one subnet per zone."""
    route_table_ids: Sequence[pulumi.Input[str]]
    """Tables that get the routes of the gateway endpoints."""
    services: Sequence[str]
    """Interface endpoints, for example `ecr.api`. Each costs by the hour and zone."""


class Endpoints(pulumi.ComponentResource):
    """Creates gateway endpoints for S3 and DynamoDB; for the listed services, interface endpoints with private DNS, and the security group
    that admits HTTPS from the VPC to them.
    """

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:network:Endpoints", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        gateways = {service: self._gateway(name, args, service) for service in _GATEWAYS}
        if args.services:
            self._interfaces(name, args)
        self.s3_prefix_list_id = gateways["s3"].prefix_list_id
        self.register_outputs({"s3_prefix_list_id": self.s3_prefix_list_id})

    def _gateway(self, name: str, args: EndpointsArgs, service: str) -> aws.ec2.VpcEndpoint:
        return aws.ec2.VpcEndpoint(
            f"{name}-{service}",
            vpc_id=args.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{args.region}.{service}",
            route_table_ids=list(args.route_table_ids),
            tags={"Name": f"{name}-{service}"},
            opts=self._child,
        )

    def _interfaces(self, name: str, args: EndpointsArgs) -> None:
        group = aws.ec2.SecurityGroup(
            name,
            vpc_id=args.vpc_id,
            description="HTTPS from the VPC to AWS services",
            tags={"Name": name},
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group.id,
            description="HTTPS from the VPC",
            cidr_ipv4=args.vpc_cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=self._child,
        )
        for service in args.services:
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=args.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{args.region}.{service}",
                subnet_ids=list(args.subnet_ids),
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags={"Name": f"{name}-{service}"},
                opts=self._child,
            )
