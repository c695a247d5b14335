"""Amazon S3. https://aws.amazon.com/s3/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote, Tier

_TB = Decimal(1000)
_STANDARD_TIERS = (("first 50 TB", 50 * _TB), ("next 450 TB", 450 * _TB), ("over 500 TB", None))

_PER_KEY: dict[str, tuple[tuple[str, str, str, str, int], ...]] = {
    "standard": (
        ("monthly_tier_1_requests", "PUT, COPY, POST, LIST requests", "1k requests", "PUT/COPY/POST/LIST requests, Standard", 1000),
        ("monthly_tier_2_requests", "GET and other requests", "1k requests", "GET and other requests, Standard", 1000),
        ("monthly_select_data_scanned_gb", "Select data scanned", "GB", "Select data scanned, Standard", 1),
        ("monthly_select_data_returned_gb", "Select data returned", "GB", "Select data returned, Standard", 1),
    ),
    "standard_infrequent_access": (
        ("storage_gb", "Storage (Standard-IA)", "GB", "Standard-IA storage", 1),
        ("monthly_tier_1_requests", "PUT, COPY, POST, LIST requests", "1k requests", "PUT/COPY/POST/LIST requests, Standard-IA", 1000),
        ("monthly_tier_2_requests", "GET and other requests", "1k requests", "GET requests, Standard-IA", 1000),
        ("monthly_lifecycle_transition_requests", "Lifecycle transition", "1k requests", "lifecycle transition to Standard-IA", 1000),
        ("monthly_data_retrieval_gb", "Retrievals", "GB", "retrieval, Standard-IA", 1),
        ("monthly_select_data_scanned_gb", "Select data scanned", "GB", "Select data scanned, Standard-IA", 1),
        ("monthly_select_data_returned_gb", "Select data returned", "GB", "Select data returned, Standard-IA", 1),
    ),
    "glacier_instant_retrieval": (
        ("storage_gb", "Storage (Glacier Instant Retrieval)", "GB", "Glacier Instant Retrieval storage", 1),
        ("monthly_data_retrieval_gb", "Retrievals", "GB", "retrieval, Glacier Instant Retrieval", 1),
    ),
    "glacier_deep_archive": (
        ("storage_gb", "Storage (Glacier Deep Archive)", "GB", "Glacier Deep Archive storage", 1),
        (
            "monthly_tier_1_requests",
            "PUT, COPY, POST, LIST requests",
            "1k requests",
            "PUT/COPY/POST/LIST requests, Glacier Deep Archive",
            1000,
        ),
        ("monthly_tier_2_requests", "GET and other requests", "1k requests", "GET requests, Glacier Deep Archive", 1000),
        (
            "monthly_lifecycle_transition_requests",
            "Lifecycle transition",
            "1k requests",
            "lifecycle transition to Glacier Deep Archive",
            1000,
        ),
        (
            "monthly_standard_data_retrieval_requests",
            "Retrieval requests (standard)",
            "1k requests",
            "retrieval requests, Glacier Deep Archive, standard",
            1000,
        ),
        ("monthly_standard_data_retrieval_gb", "Retrievals (standard)", "GB", "retrieval, Glacier Deep Archive, standard", 1),
        (
            "monthly_bulk_data_retrieval_requests",
            "Retrieval requests (bulk)",
            "1k requests",
            "retrieval requests, Glacier Deep Archive, bulk",
            1000,
        ),
        ("monthly_bulk_data_retrieval_gb", "Retrievals (bulk)", "GB", "retrieval, Glacier Deep Archive, bulk", 1),
        ("early_delete_gb", "Early delete (within 180 days)", "GB", "Glacier Deep Archive storage", 1),
    ),
}
"""Storage class → (usage key, component, unit, price item, base units per unit)."""

KEYS = ("standard_storage_gb", *(f"{kind}_{row[0]}" for kind, rows in _PER_KEY.items() for row in rows))


@priced("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2", service="S3", usage=KEYS)
def bucket(quote: Quote) -> None:
    """Standard storage always; another class, or a kind of request, where usage states it."""
    tiers: list[Tier] = [(label, size, quote.price("S3", f"Standard storage, {label}")) for label, size in _STANDARD_TIERS]
    quote.tiers("Storage", "GB", quote.usage("standard_storage_gb"), tiers, key="standard_storage_gb")
    for kind, rows in _PER_KEY.items():
        for key, name, unit, item, scale in rows:
            quantity = quote.usage(f"{kind}_{key}")
            if quantity:
                quote.add(name, unit, quantity, quote.price("S3", item), scale=scale, key=f"{kind}_{key}")


@priced("aws:s3/inventory:Inventory", service="S3", usage=("monthly_listed_objects",))
def inventory(quote: Quote) -> None:
    price = quote.price("S3", "Inventory objects listed")
    quote.metered("Objects listed", "1M objects", "monthly_listed_objects", price, scale=1_000_000)


@priced("aws:s3/analyticsConfiguration:AnalyticsConfiguration", service="S3", usage=("monthly_monitored_objects",))
def analytics(quote: Quote) -> None:
    price = quote.price("S3", "Storage Class Analysis")
    quote.metered("Objects monitored", "1M objects", "monthly_monitored_objects", price, scale=1_000_000)
