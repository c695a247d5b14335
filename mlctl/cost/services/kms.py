"""AWS KMS. https://aws.amazon.com/kms/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote


@priced("aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey", service="KMS", usage=("monthly_requests",))
def key(quote: Quote) -> None:
    """A key and its requests. AWS adds a dollar for each of the first two rotations, which depends on the key's age."""
    kind = quote.text("customerMasterKeySpec", "SYMMETRIC_DEFAULT")
    item = {
        "SYMMETRIC_DEFAULT": "symmetric requests beyond free tier",
        "RSA_2048": "asymmetric requests RSA_2048",
    }.get(kind, "asymmetric requests except RSA_2048")
    quote.add("Customer managed key", "months", 1, quote.price("KMS", "customer managed key"))
    quote.metered("Requests", "10k requests", "monthly_requests", quote.price("KMS", item), scale=10_000)
