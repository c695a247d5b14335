"""AWS Secrets Manager. https://aws.amazon.com/secrets-manager/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote


@priced("aws:secretsmanager/secret:Secret", service="Secrets Manager", usage=("monthly_requests",))
def secret(quote: Quote) -> None:
    quote.add("Secret", "months", 1, quote.price("Secrets Manager", "secret"))
    quote.metered("API requests", "10k requests", "monthly_requests", quote.price("Secrets Manager", "API calls"), scale=10_000)
