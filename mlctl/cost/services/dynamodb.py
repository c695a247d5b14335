"""Amazon DynamoDB. https://aws.amazon.com/dynamodb/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.price import monthly
from mlctl.cost.quote import Quote
from mlctl.cost.services.scaling import scaled_capacity

_KEYS = ("monthly_write_request_units", "monthly_read_request_units", "storage_gb", "pitr_backup_storage_gb")


@priced("aws:dynamodb/table:Table", service="DynamoDB", usage=_KEYS)
def table(quote: Quote) -> None:
    writes = Decimal(0)
    if quote.text("billingMode", "PROVISIONED") == "PAY_PER_REQUEST":
        for key, name, item in ((_KEYS[0], "Write request units", "write"), (_KEYS[1], "Read request units", "read")):
            price = quote.price("DynamoDB", f"on-demand {item} request unit")
            quote.metered(name, "1M units", key, price, scale=1_000_000)
    else:
        writes = _add_provisioned(quote)
    storage = "Standard-IA" if quote.text("tableClass") == "STANDARD_INFREQUENT_ACCESS" else "Standard"
    quote.metered("Data storage", "GB", _KEYS[2], quote.price("DynamoDB", f"storage, {storage} class"))
    if quote.flag("pointInTimeRecovery.enabled"):
        quote.metered("Point-in-time recovery", "GB", _KEYS[3], quote.price("DynamoDB", "PITR backup storage"))
    for replica in quote.items("replicas"):
        region = str(replica.get("regionName"))
        price = quote.around.prices.price("DynamoDB", "replicated write capacity", region)
        quote.add(f"Replicated write capacity ({region})", "rWCU", writes, monthly(price))


def _add_provisioned(quote: Quote) -> Decimal:
    """Add the provisioned capacity; the write units."""
    counts = []
    for name, key, dimension, item in (
        ("Write capacity unit", "writeCapacity", "WriteCapacityUnits", "provisioned write capacity"),
        ("Read capacity unit", "readCapacity", "ReadCapacityUnits", "provisioned read capacity"),
    ):
        units, most = scaled_capacity(quote, f"dynamodb:table:{dimension}")
        units = quote.number(key) if units is None else units
        quote.add(name, "units held", units, monthly(quote.price("DynamoDB", item)), most=most)
        counts.append(units or Decimal(0))
    return counts[0]
