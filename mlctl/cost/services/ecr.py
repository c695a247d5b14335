"""Amazon ECR. https://aws.amazon.com/ecr/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote


@priced("aws:ecr/repository:Repository", service="ECR", usage=("storage_gb",))
def repository(quote: Quote) -> None:
    quote.metered("Storage", "GB", "storage_gb", quote.price("ECR", "private repository storage"))


@priced("aws:ecr/pullThroughCacheRule:PullThroughCacheRule", service="ECR", usage=("storage_gb",))
def pull_through_cache(quote: Quote) -> None:
    """The rule is free; the images that it mirrors are stored as any other."""
    quote.metered("Storage of mirrored images", "GB", "storage_gb", quote.price("ECR", "private repository storage"))
