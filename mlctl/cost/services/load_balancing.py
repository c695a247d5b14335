"""Elastic Load Balancing. https://aws.amazon.com/elasticloadbalancing/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS, monthly
from mlctl.cost.quote import Quote

_KEYS = ("new_connections", "active_connections", "processed_bytes_gb")
_SECONDS = HOURS * 3600
_KINDS = {
    "application": ("ALB", "Application load balancer"),
    "network": ("NLB", "Network load balancer"),
    "gateway": ("GWLB", "Gateway load balancer"),
}


@priced("aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer", service="ELB", usage=_KEYS)
def load_balancer(quote: Quote) -> None:
    add_load_balancer(quote, quote.text("loadBalancerType", "application"))


def add_load_balancer(quote: Quote, kind: str) -> None:
    """Add one load balancer: `application`, `network` or `gateway`."""
    short, name = _KINDS.get(kind, _KINDS["application"])
    quote.add(name, "hours", HOURS, quote.price("ELB", f"{short} hour"))
    quote.add(
        "Load balancer capacity units", "LCU", _capacity_units(quote, short), monthly(quote.price("ELB", f"{short} LCU")), key=_KEYS[2]
    )


def _capacity_units(quote: Quote, short: str) -> Decimal | None:
    """Units held through the month: the largest of new connections a second, open connections and GB an hour, each over its allowance."""
    new, active, processed = (quote.usage(key) for key in _KEYS)
    if processed is None:
        return None
    new_per_second, open_at_once = {"ALB": (25, 3000), "NLB": (800, 100_000), "GWLB": (600, 60_000)}[short]
    by_new = (new or 0) / _SECONDS / new_per_second
    return max(by_new, (active or Decimal(0)) / open_at_once, processed / HOURS)


@priced("aws:elb/loadBalancer:LoadBalancer", service="ELB", usage=("monthly_data_processed_gb",))
def classic_load_balancer(quote: Quote) -> None:
    quote.add("Classic load balancer", "hours", HOURS, quote.price("ELB", "Classic LB hour"))
    quote.metered("Data processed", "GB", "monthly_data_processed_gb", quote.price("ELB", "Classic LB data"))
