"""AWS Lambda. https://aws.amazon.com/lambda/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS
from mlctl.cost.quote import Quote
from mlctl.cost.values import as_number, times

_KEYS = ("monthly_requests", "request_duration_ms")
_BILLION = Decimal(1_000_000_000)
_X86 = (("first 6B", "first 6B GB-s/month", 6), ("next 9B", "next 9B GB-s", 9), ("over 15B", "over 15B GB-s", None))
_ARM = (("first 7.5B", "first 7.5B GB-s/month", Decimal("7.5")), ("next 11.25B", "next 11.25B GB-s", Decimal("11.25")))


@priced("aws:lambda/function:Function", service="Lambda", usage=_KEYS)
def function(quote: Quote) -> None:
    arm = "arm64" in str(quote.get("architectures"))
    name = "arm64" if arm else "x86"
    requests, duration = quote.usage(_KEYS[0]), quote.usage(_KEYS[1])
    quote.metered("Requests", "1M requests", _KEYS[0], quote.price("Lambda", f"requests {name}"), scale=1_000_000)
    gigabytes = times(quote.number("memorySize", 128), Decimal(1) / 1024)
    seconds = times(requests, duration, Decimal(1) / 1000, gigabytes)
    tiers = [
        (label, times(_BILLION, size) if size else None, quote.price("Lambda", f"duration {name}, {item}"))
        for label, item, size in (_ARM if arm else _X86)
    ]
    quote.tiers("Duration", "GB-seconds", seconds, tiers, key=_KEYS[0])
    storage = quote.number("ephemeralStorage.size", 512)
    if storage is None or storage > 512:
        held = times(requests, duration, Decimal(1) / 1000, times(storage - 512, Decimal(1) / 1024) if storage else None)
        quote.add(
            "Ephemeral storage above 512 MB", "GB-seconds", held, quote.price("Lambda", "ephemeral storage over 512 MB"), key=_KEYS[0]
        )


@priced("aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig", service="Lambda")
def provisioned_concurrency(quote: Quote) -> None:
    target = quote.neighbour("functionName", quote.raw("functionName"), "aws:lambda/function:Function")
    memory = times(as_number(target.inputs.get("memorySize", 128)), Decimal(1) / 1024) if target else None
    arm = target is not None and "arm64" in str(target.inputs.get("architectures"))
    seconds = times(quote.number("provisionedConcurrentExecutions"), memory, HOURS * 3600)
    quote.add(
        "Provisioned concurrency", "GB-seconds", seconds, quote.price("Lambda", f"provisioned concurrency {'arm64' if arm else 'x86'}")
    )
