"""Amazon SNS. https://aws.amazon.com/sns/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.price import Price
from mlctl.cost.quote import Quote
from mlctl.cost.services.messaging import billed_requests
from mlctl.cost.values import times

SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
_FREE_REQUESTS = Decimal(1_000_000)
_FREE_SMS = Decimal(100)
_KEYS = ("monthly_requests", "request_size_kb", "sms_subscriptions", "sms_notification_price")


@priced("aws:sns/topic:Topic", service="SNS", usage=_KEYS)
def topic(quote: Quote) -> None:
    """Deliveries are charged at the subscriptions. A million requests a month are free for good."""
    if quote.flag("fifoTopic"):
        _add_fifo(quote)
        return
    billed = billed_requests(quote)
    beyond = None if billed is None else max(billed - _FREE_REQUESTS, Decimal(0))
    price = quote.price("SNS", "API requests beyond free tier")
    quote.add("API requests (over 1M)", "1M requests", beyond, price, scale=1_000_000, key="monthly_requests")
    recipients = quote.usage("sms_subscriptions")
    if recipients:
        _add_sms(quote, recipients)


def _add_sms(quote: Quote, recipients: Decimal) -> None:
    messages = times(quote.usage("monthly_requests"), recipients)
    price, stated = quote.price("SNS", "SMS beyond 100"), quote.usage("sms_notification_price")
    if stated is not None:
        price = Price(usd=stated, unit="notification", source="usage sms_notification_price", date=price.date)
    beyond = None if messages is None else max(messages - _FREE_SMS, Decimal(0))
    quote.add("SMS notifications (over 100)", "100 notifications", beyond, price, scale=100, key="sms_subscriptions")


def _add_fifo(quote: Quote) -> None:
    requests = quote.usage("monthly_requests")
    gigabytes = times(requests, quote.usage("request_size_kb"), Decimal(1) / 1_000_000)
    price = quote.price("SNS", "FIFO publish requests")
    quote.add("FIFO publish requests", "1M requests", requests, price, scale=1_000_000, key="monthly_requests")
    quote.add("FIFO publish payload", "GB", gigabytes, quote.price("SNS", "FIFO publish payload"), key="monthly_requests")
    readers = len(list(quote.pointing_here(SUBSCRIPTION, "topic")))
    if readers:
        price = quote.price("SNS", "FIFO notifications")
        quote.add("FIFO notifications", "1M notifications", times(requests, readers), price, scale=1_000_000, key="monthly_requests")
        payload = quote.price("SNS", "FIFO notification payload")
        quote.add("FIFO notification payload", "GB", times(gigabytes, readers), payload, key="monthly_requests")


@priced(SUBSCRIPTION, service="SNS", usage=("monthly_requests", "request_size_kb"))
def subscription(quote: Quote) -> None:
    protocol = quote.text("protocol")
    item = {"http": "deliveries to HTTP/S beyond 100k", "https": "deliveries to HTTP/S beyond 100k", "firehose": "deliveries to Firehose"}
    if protocol in ("sqs", "lambda"):
        quote.free(f"deliveries to {protocol} are not charged")
        return
    if protocol in ("email", "email-json"):
        item[protocol] = "deliveries to email beyond 1k"
    price, billed = quote.price("SNS", item.get(protocol, f"deliveries to {protocol}")), billed_requests(quote)
    quote.add(f"{protocol.upper()} notifications", "1M notifications", billed, price, scale=1_000_000, key="monthly_requests")
