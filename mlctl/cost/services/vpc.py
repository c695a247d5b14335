"""Amazon VPC: NAT gateways, endpoints, public addresses, VPN and transit gateways. https://aws.amazon.com/vpc/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS
from mlctl.cost.quote import Quote

_PB = Decimal(1_000_000)
"""GB in a petabyte, as AWS counts them here."""


@priced("aws:ec2/natGateway:NatGateway", service="VPC", usage=("monthly_data_processed_gb",))
def nat_gateway(quote: Quote) -> None:
    quote.add("NAT gateway", "hours", HOURS, quote.price("VPC", "NAT gateway"))
    quote.metered("Data processed", "GB", "monthly_data_processed_gb", quote.price("VPC", "NAT gateway data processed"))


@priced("aws:ec2/vpcEndpoint:VpcEndpoint", service="VPC", usage=("monthly_data_processed_gb",))
def endpoint(quote: Quote) -> None:
    kind = quote.text("vpcEndpointType", "Gateway")
    data = quote.usage("monthly_data_processed_gb")
    if kind == "Gateway":
        quote.free("gateway endpoints (S3, DynamoDB) are not charged")
        return
    subnets = quote.raw("subnetIds")
    count = len(subnets) if isinstance(subnets, list) and subnets else 1
    item = "GWLB endpoint" if kind == "GatewayLoadBalancer" else "interface endpoint"
    quote.add(f"Endpoint ({kind})", "hours", HOURS * count, quote.price("VPC", item))
    if kind == "GatewayLoadBalancer":
        quote.metered("Data processed", "GB", "monthly_data_processed_gb", quote.price("VPC", "GWLB endpoint data"))
        return
    tiers = (("first 1 PB", _PB), ("next 4 PB", 4 * _PB), ("over 5 PB", None))
    prices = [(label, size, quote.price("VPC", f"interface endpoint data, {label}")) for label, size in tiers]
    quote.tiers("Data processed", "GB", data, prices, key="monthly_data_processed_gb")


@priced("aws:ec2/eip:Eip", service="VPC")
def public_address(quote: Quote) -> None:
    """Since February 2024 an address costs the same in use and idle."""
    quote.add("Public IPv4 address", "hours", HOURS, quote.price("VPC", "public IPv4 in use"))


@priced("aws:ec2/vpnConnection:VpnConnection", service="VPC", usage=("monthly_data_processed_gb",))
def vpn(quote: Quote) -> None:
    quote.add("VPN connection", "hours", HOURS, quote.price("VPC", "site-to-site VPN connection"))
    if quote.raw("transitGatewayId"):
        _add_attachment(quote)


@priced("aws:ec2transitgateway/vpcAttachment:VpcAttachment", service="VPC", usage=("monthly_data_processed_gb",))
def transit_gateway_attachment(quote: Quote) -> None:
    _add_attachment(quote)


def _add_attachment(quote: Quote) -> None:
    quote.add("Transit gateway attachment", "hours", HOURS, quote.price("VPC", "transit gateway attachment"))
    quote.metered("Data processed", "GB", "monthly_data_processed_gb", quote.price("VPC", "transit gateway data"))


@priced("aws:networkfirewall/firewall:Firewall", service="Network Firewall", usage=("monthly_data_processed_gb",))
def firewall(quote: Quote) -> None:
    endpoints = max(len(quote.items("subnetMappings")), 1)
    quote.add("Network Firewall endpoint", "hours", HOURS * endpoints, quote.price("Network Firewall", "endpoint"))
    quote.metered("Data processed", "GB", "monthly_data_processed_gb", quote.price("Network Firewall", "data processed"))
