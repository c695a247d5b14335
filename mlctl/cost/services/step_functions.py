"""AWS Step Functions. https://aws.amazon.com/step-functions/pricing/"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote
from mlctl.cost.values import times

_KEYS = ("monthly_transitions", "monthly_requests", "workflow_duration_ms", "memory_mb")
_TIERS = (("first 1,000 GB-hours", Decimal(1000)), ("next 4,000 GB-hours", Decimal(4000)), ("over 5,000 GB-hours", None))


@priced("aws:sfn/stateMachine:StateMachine", service="Step Functions", usage=_KEYS)
def state_machine(quote: Quote) -> None:
    if quote.text("type", "STANDARD") != "EXPRESS":
        price = quote.price("Step Functions", "standard workflow transitions")
        quote.metered("Transitions", "1k transitions", _KEYS[0], price, scale=1000)
        return
    requests = quote.usage(_KEYS[1])
    quote.metered("Requests", "1M requests", _KEYS[1], quote.price("Step Functions", "express requests"), scale=1_000_000)
    seconds = times(_steps(quote.usage(_KEYS[2]), 100), Decimal(1) / 1000)
    gigabytes = times(_steps(quote.usage(_KEYS[3]), 64), Decimal(1) / 1024)
    hours = times(requests, seconds, gigabytes, Decimal(1) / 3600)
    tiers = [(label, size, quote.price("Step Functions", f"express duration, {label}")) for label, size in _TIERS]
    quote.tiers("Duration", "GB-hours", hours, tiers, key=_KEYS[1])


def _steps(value: Decimal | None, step: int) -> Decimal | None:
    """Rounded up to whole steps, one at the least: that is how AWS bills time and memory."""
    return None if value is None else max((value / step).to_integral_value(ROUND_CEILING), Decimal(1)) * step
