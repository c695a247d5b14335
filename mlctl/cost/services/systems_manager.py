"""AWS Systems Manager Parameter Store. https://aws.amazon.com/systems-manager/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS
from mlctl.cost.quote import Quote


@priced("aws:ssm/parameter:Parameter", service="Systems Manager", usage=("monthly_api_interactions",))
def parameter(quote: Quote) -> None:
    if quote.text("tier", "Standard") != "Advanced":
        quote.free("standard parameters are not charged")
        return
    quote.add("Parameter storage (advanced)", "hours", HOURS, quote.price("Systems Manager", "advanced parameter"))
    price = quote.price("Systems Manager", "advanced parameter interactions")
    quote.metered("API interactions (advanced)", "10k interactions", "monthly_api_interactions", price, scale=10_000)
