"""AWS CloudTrail: the first copy of management events is free. https://aws.amazon.com/cloudtrail/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote

_KEYS = ("monthly_additional_management_events", "monthly_data_events", "monthly_insight_events")


@priced("aws:cloudtrail/trail:Trail", service="CloudTrail", usage=_KEYS)
def trail(quote: Quote) -> None:
    rows = [
        ("Management events (additional copies)", _KEYS[0], "management events, additional copies"),
        ("Data events", _KEYS[1], "data events"),
    ]
    if quote.raw("insightSelectors"):
        rows.append(("Insight events", _KEYS[2], "insight events"))
    for name, key, item in rows:
        quote.metered(name, "100k events", key, quote.price("CloudTrail", item), scale=100_000)
