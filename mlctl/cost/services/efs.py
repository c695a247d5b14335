"""Amazon EFS. https://aws.amazon.com/efs/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote

_IA = ("infrequent_access_storage_gb", "monthly_infrequent_access_read_gb", "monthly_infrequent_access_write_gb")
_GB_PER_INCLUDED_MBPS = Decimal(20)
"""Standard storage includes 50 KB/s per GB."""


@priced("aws:efs/fileSystem:FileSystem", service="EFS", usage=("storage_gb", *_IA))
def file_system(quote: Quote) -> None:
    one_zone = quote.raw("availabilityZoneName") is not None
    storage = quote.usage("storage_gb")
    quote.metered(
        f"Storage ({'one zone' if one_zone else 'standard'})",
        "GB",
        "storage_gb",
        quote.price("EFS", "One Zone storage" if one_zone else "Standard storage"),
    )
    if quote.text("throughputMode") == "provisioned":
        provisioned = quote.number("provisionedThroughputInMibps")
        billed = None if provisioned is None or storage is None else max(provisioned - storage / _GB_PER_INCLUDED_MBPS, Decimal(0))
        quote.add("Provisioned throughput", "MBps", billed, quote.price("EFS", "provisioned throughput"))
    if quote.raw("lifecyclePolicies"):
        item = "One Zone-IA storage" if one_zone else "Standard-IA storage"
        quote.metered("Storage (infrequent access)", "GB", _IA[0], quote.price("EFS", item))
        quote.metered("Read requests (infrequent access)", "GB", _IA[1], quote.price("EFS", "IA reads"))
        quote.metered("Write requests (infrequent access)", "GB", _IA[2], quote.price("EFS", "IA writes"))
