"""The private way from the front door to the models on the cluster: what all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from infra.platform.certificates import HostCertificate
from infra.platform.kserve import GATEWAY_NAMESPACE, GATEWAY_PODS, GATEWAY_PORT
from infra.serving.private_way import PORTS, PrivateWay
from mlctl.config.team import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterDoorArgs:
    """Where the load balancer stands, and which pods it may reach."""

    link_name: str
    host: str
    """On the certificate that the load balancer shows to API Gateway."""
    hosted_zone_id: str
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    """Without pods in them: the cluster knows the load balancer by these addresses."""
    subnet_cidrs: Sequence[str]
    cluster_security_group_id: pulumi.Input[str]
    """Of the nodes."""
    ports: Sequence[int]
    """On which pods answer."""
    access_log_bucket: pulumi.Input[str]
    team: Team


class ClusterDoor(pulumi.ComponentResource):
    """Creates an internal network load balancer with its access logs and its certificate; API Gateway's VPC link to it; a security group
    for each, so that the link alone reaches the balancer and the balancer alone the pods' ports; and the NetworkPolicy that lets it to
    Knative's gateway. Each model adds its listener.

    It stands in the isolated subnets: no pod has an address there, so a NetworkPolicy can tell it from a pod.
    """

    def __init__(self, name: str, args: ClusterDoorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:ClusterDoor", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        link_group, balancer_group = self._group("link", "API Gateway's VPC link"), self._group("balancer", "Load balancer of the models")
        self._open("link", link_group.id, balancer_group.id, PORTS)
        for port in args.ports:
            self._open(f"pods-{port}", balancer_group.id, args.cluster_security_group_id, (port, port))
        link = aws.apigatewayv2.VpcLink(
            name, name=args.link_name, subnet_ids=args.subnet_ids, security_group_ids=[link_group.id], opts=self._child
        )
        balancer = self._balancer(balancer_group)
        self._let_in()
        self.way = PrivateWay(
            link_id=link.id,
            balancer_arn=balancer.arn,
            certificate_arn=HostCertificate(name, args.host, args.hosted_zone_id, self._child).arn,
            server_name=args.host,
            vpc_id=args.vpc_id,
            subnet_cidrs=args.subnet_cidrs,
        )
        self.register_outputs({"balancer_arn": balancer.arn})

    def _group(self, short: str, description: str) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(f"{self._name}-{short}", vpc_id=self._args.vpc_id, description=description, opts=self._child)

    def _open(self, short: str, source: pulumi.Input[str], target: pulumi.Input[str], ports: tuple[int, int]) -> None:
        """Ports (first, last) from one group to another, at both ends."""
        rule: dict[str, Any] = {"ip_protocol": "tcp", "from_port": ports[0], "to_port": ports[1], "opts": self._child}
        name = f"{self._name}-{short}"
        aws.vpc.SecurityGroupEgressRule(
            name, security_group_id=source, referenced_security_group_id=target, description="To the models", **rule
        )
        aws.vpc.SecurityGroupIngressRule(
            name, security_group_id=target, referenced_security_group_id=source, description="From the front door", **rule
        )

    def _balancer(self, group: aws.ec2.SecurityGroup) -> aws.lb.LoadBalancer:
        return aws.lb.LoadBalancer(
            self._name,
            internal=True,
            load_balancer_type="network",
            subnets=self._args.subnet_ids,
            security_groups=[group.id],
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=True,
            access_logs={"enabled": True, "bucket": self._args.access_log_bucket, "prefix": "load-balancer"},
            opts=self._child,
        )

    def _let_in(self) -> None:
        name = "allow-front-door"
        kubernetes.networking.v1.NetworkPolicy(
            f"{self._name}-gateway",
            metadata={"name": name, "namespace": GATEWAY_NAMESPACE, "labels": labels(name, self._args.team)},
            spec=from_addresses({"matchLabels": GATEWAY_PODS}, self._args.subnet_cidrs, GATEWAY_PORT),
            opts=self._child,
        )


def from_addresses(pods: dict[str, Any], cidrs: Sequence[str], port: int) -> Any:
    """Spec of a NetworkPolicy: these addresses reach one port of these pods."""
    rule = {"from": [{"ipBlock": {"cidr": cidr}} for cidr in cidrs], "ports": [{"protocol": "TCP", "port": port}]}
    return {"podSelector": pods, "policyTypes": ["Ingress"], "ingress": [rule]}
