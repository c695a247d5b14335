"""Amazon Route 53. https://aws.amazon.com/route53/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote


@priced("aws:route53/zone:Zone", service="Route 53")
def zone(quote: Quote) -> None:
    quote.add("Hosted zone", "months", 1, quote.price("Route 53", "hosted zone"))


@priced("aws:route53/record:Record", service="Route 53", usage=("monthly_queries",))
def record(quote: Quote) -> None:
    if quote.raw("aliases"):
        quote.free("queries for aliases of AWS resources are not charged")
        return
    kind = "latency" if quote.raw("latencyRoutingPolicies") else "geo" if quote.raw("geolocationRoutingPolicies") else "standard"
    price = quote.price("Route 53", f"{kind} queries, first 1B")
    quote.metered(f"{kind.capitalize()} queries", "1M queries", "monthly_queries", price, scale=1_000_000)


@priced("aws:route53/healthCheck:HealthCheck", service="Route 53")
def health_check(quote: Quote) -> None:
    features = (
        quote.text("type").startswith("HTTPS"),
        quote.text("requestInterval") == "10",
        quote.flag("measureLatency"),
        bool(quote.raw("searchString")),
    )
    quote.add("Health check", "months", 1, quote.price("Route 53", "health check"))
    if any(features):
        quote.add("Optional features", "months", sum(features), quote.price("Route 53", "health check optional feature"))
