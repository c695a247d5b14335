"""A way into the VPC for routes of the front door: a VPC link, and a load balancer behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

PORTS = (10_000, 59_999)
"""Of the load balancer: one listener per model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateWay:
    """What a route needs to lead through the load balancer."""

    link_id: pulumi.Output[str]
    balancer_arn: pulumi.Output[str]
    certificate_arn: pulumi.Output[str]
    server_name: str
    """Name on the certificate."""
    vpc_id: pulumi.Input[str]
    subnet_cidrs: Sequence[str]
    """Where its requests come from."""
