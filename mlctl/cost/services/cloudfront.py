"""Amazon CloudFront, at the prices of its United States edges. https://aws.amazon.com/cloudfront/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote

_ROWS = (
    ("monthly_data_transfer_to_internet_gb", "Data transfer to the internet (first 10 TB)", "GB", "data out, first 10 TB", 1),
    ("monthly_data_transfer_to_origin_gb", "Data transfer to the origin", "GB", "data to origin", 1),
    ("monthly_http_requests", "HTTP requests", "10k requests", "HTTP requests", 10_000),
    ("monthly_https_requests", "HTTPS requests", "10k requests", "HTTPS requests", 10_000),
)


@priced("aws:cloudfront/distribution:Distribution", service="CloudFront", usage=tuple(row[0] for row in _ROWS))
def distribution(quote: Quote) -> None:
    for key, name, unit, item, scale in _ROWS:
        quote.metered(name, unit, key, quote.price("CloudFront", item), scale=scale)
