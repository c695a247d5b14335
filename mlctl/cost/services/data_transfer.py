"""Data transfer, which belongs to an account and to no resource. https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote
from mlctl.cost.values import times

TYPE = "mlctl:account/dataTransfer:DataTransfer"
"""The estimate adds one of these; `usage.types` states its quantities."""
_TB = Decimal(1024)
_KEYS = (
    "monthly_intra_region_gb",
    "monthly_outbound_internet_gb",
    "monthly_outbound_us_east_to_us_east_gb",
    "monthly_outbound_other_regions_gb",
)


@priced(TYPE, service="Data Transfer", usage=_KEYS)
def data_transfer(quote: Quote) -> None:
    between_zones, internet, us_east, other = (quote.usage(key) for key in _KEYS)
    if between_zones is not None:
        price = quote.price("Data Transfer", "Intra-region data transfer")
        quote.add("Between zones (charged in both directions)", "GB", times(between_zones, 2), price, key=_KEYS[0])
    if internet is not None:
        sizes = (("first 10TB", 10 * _TB), ("next 40TB", 40 * _TB), ("next 100TB", 100 * _TB), ("over 150TB", None))
        tiers = [(label, size, quote.price("Data Transfer", f"Outbound data transfer to Internet ({label})")) for label, size in sizes]
        quote.tiers("To the internet", "GB", internet, tiers, key=_KEYS[1])
    if us_east:
        quote.add(
            "To another US East region",
            "GB",
            us_east,
            quote.price("Data Transfer", "Outbound data transfer to US East regions"),
            key=_KEYS[2],
        )
    if other is not None:
        quote.add("To other regions", "GB", other, quote.price("Data Transfer", "Outbound data transfer to other regions"), key=_KEYS[3])
