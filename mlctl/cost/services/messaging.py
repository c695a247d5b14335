"""Size of a request, as SNS and SQS count it: every 64 KB is one."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from mlctl.cost.quote import Quote

CHUNK_KB = Decimal(64)


def billed_requests(quote: Quote) -> Decimal | None:
    """Requests as they are billed: each counts once per 64 KB begun."""
    requests = quote.usage("monthly_requests")
    size = quote.usage("request_size_kb") or Decimal(1)
    if requests is None:
        return None
    return requests * max((size / CHUNK_KB).to_integral_value(ROUND_CEILING), Decimal(1))
