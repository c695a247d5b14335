"""Amazon SQS. https://aws.amazon.com/sqs/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote
from mlctl.cost.services.messaging import billed_requests


@priced("aws:sqs/queue:Queue", service="SQS", usage=("monthly_requests", "request_size_kb"))
def queue(quote: Quote) -> None:
    price = quote.price("SQS", "FIFO queue requests" if quote.flag("fifoQueue") else "standard queue requests")
    quote.add("Requests", "1M requests", billed_requests(quote), price, scale=1_000_000, key="monthly_requests")
