"""Amazon Kinesis Data Streams. https://aws.amazon.com/kinesis/data-streams/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS
from mlctl.cost.quote import Quote
from mlctl.cost.values import times

_SERVICE = "Kinesis Data Streams"
_ON_DEMAND = (
    ("monthly_on_demand_data_in_gb", "Data ingested", "on-demand ingest"),
    ("monthly_on_demand_data_out_gb", "Data retrieved", "on-demand retrieval"),
    ("monthly_on_demand_efo_data_out_gb", "Enhanced fan-out data", "on-demand enhanced fan-out data"),
    ("monthly_on_demand_extended_retention_gb", "Extended retention (24 hours to 7 days)", "on-demand extended retention"),
    ("monthly_on_demand_long_term_retention_gb", "Long-term retention", "long-term retention"),
)
_PUTS = "monthly_put_units"


@priced("aws:kinesis/stream:Stream", service="Kinesis", usage=(*(row[0] for row in _ON_DEMAND), _PUTS))
def stream(quote: Quote) -> None:
    """Extended retention of provisioned streams is charged by the shard-hour, as AWS lists it."""
    if quote.get("streamModeDetails.streamMode") == "ON_DEMAND":
        quote.add("On-demand stream", "hours", HOURS, quote.price(_SERVICE, "on-demand stream"))
        for number, (key, name, item) in enumerate(_ON_DEMAND):
            if number < 2 or quote.usage(key):
                quote.metered(name, "GB", key, quote.price(_SERVICE, item))
        return
    shards = quote.number("shardCount", 1)
    quote.add("Provisioned shards", "hours", times(shards, HOURS), quote.price(_SERVICE, "provisioned shard"))
    quote.metered("PUT payload units", "1M units", _PUTS, quote.price(_SERVICE, "PUT payload unit (25 KB)"), scale=1_000_000)
    retention = quote.number("retentionPeriod", 24)
    if retention is None or retention > 24:
        hours = times(shards, HOURS) if retention is not None else None
        quote.add("Extended retention", "shard-hours", hours, quote.price(_SERVICE, "extended retention (24h-7d)"))
