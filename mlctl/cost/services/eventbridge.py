"""Amazon EventBridge: rules and events of AWS services are free. https://aws.amazon.com/eventbridge/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote

_ROWS = (
    ("monthly_custom_events", "Custom events published", "1M events", "custom events", 1_000_000),
    ("monthly_third_party_events", "Third-party events published", "1M events", "third-party events", 1_000_000),
    ("monthly_archive_processing_gb", "Archive processing", "GB", "archive processing", 1),
    ("archive_storage_gb", "Archive storage", "GB", "archive storage", 1),
    ("monthly_schema_discovery_events", "Schema discovery", "1M events", "schema discovery", 1_000_000),
)


@priced("aws:cloudwatch/eventBus:EventBus", service="EventBridge", usage=tuple(row[0] for row in _ROWS))
def bus(quote: Quote) -> None:
    for number, (key, name, unit, item, scale) in enumerate(_ROWS):
        if number == 0 or quote.usage(key):
            quote.metered(name, unit, key, quote.price("EventBridge", item), scale=scale)
