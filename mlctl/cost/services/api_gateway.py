"""Amazon API Gateway. https://aws.amazon.com/api-gateway/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote

_MILLION = Decimal(1_000_000)
_REST = (("first 333M", 333 * _MILLION), ("next 667M", 667 * _MILLION), ("next 19B", 19_000 * _MILLION), ("over 20B", None))
_HTTP = (("first 300M", 300 * _MILLION), ("over 300M", None))


@priced("aws:apigateway/restApi:RestApi", service="API Gateway", usage=("monthly_requests",))
def rest_api(quote: Quote) -> None:
    tiers = [(label, size, quote.price("API Gateway", f"REST requests, {label}")) for label, size in _REST]
    quote.tiers("Requests", "1M requests", _requests(quote), tiers, scale=1_000_000, key="monthly_requests")


@priced("aws:apigatewayv2/api:Api", service="API Gateway", usage=("monthly_requests", "monthly_connection_minutes"))
def api(quote: Quote) -> None:
    if quote.text("protocolType") == "WEBSOCKET":
        messages = quote.price("API Gateway", "WebSocket messages, first 1B")
        quote.add("Messages", "1M messages", _requests(quote), messages, scale=1_000_000, key="monthly_requests")
        minutes = quote.price("API Gateway", "WebSocket connection")
        quote.metered("Connection duration", "1M minutes", "monthly_connection_minutes", minutes, scale=1_000_000)
        return
    tiers = [(label, size, quote.price("API Gateway", f"HTTP requests, {label}")) for label, size in _HTTP]
    quote.tiers("Requests", "1M requests", _requests(quote), tiers, scale=1_000_000, key="monthly_requests")


def _requests(quote: Quote) -> Decimal | None:
    """Stated for the interface; else those of the model that it carries; else the default."""
    found = quote.assumption("monthly_requests")
    model = quote.around.usage.model(quote.model)
    if model and (found is None or found.origin.startswith("default")):
        return model.requests
    return found.value if found else None
