"""Renews the price book from AWS's Price List API: reads every page, checks every price, then replaces the files at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Protocol

from mlctl.cost.instance_offers import EC2_FILTERS, INSTANCE_OFFERS, InstanceOffer
from mlctl.cost.offers import OFFERS, Offer
from mlctl.cost.price_file import FOLDER, INSTANCE_COLUMNS, SERVICE_COLUMNS, read_rows, write_rows
from mlctl.errors import ServiceError

Row = dict[str, str]
_MOST_CHANGE = Decimal(5)
"""A price that grew or shrank more than five-fold is refused: a unit has changed, not a price."""


class PricingClient(Protocol):
    """What boto3's `pricing` client offers."""

    def get_paginator(self, operation_name: Any, /) -> Any: ...


@dataclass
class Renewal:
    """What a refresh did."""

    renewed: int = 0
    changed: list[str] = field(default_factory=list)
    """`service › region › item: old → new` of each price that is no longer the same."""
    not_found: list[str] = field(default_factory=list)
    """Items that AWS answered nothing for: their old rows stay."""
    refused: list[str] = field(default_factory=list)
    """Answers that cannot be right: their old rows stay."""
    kept: int = 0
    """Rows that this command cannot renew."""


def refresh(client: PricingClient, regions: Sequence[str], today: date, folder: Path = FOLDER) -> Renewal:
    """Renew the prices of `regions`. Nothing is written unless every answer could be read.

    Raises
    ------
    ServiceError
        AWS cannot be reached, refuses, or answers something else than a price list.
    """
    path = folder / "services.csv"
    services = {(row["service"], row["region"], row["item"]): row for _, row in read_rows(path, SERVICE_COLUMNS)}
    machines_path = folder / "ec2.csv"
    machines = {(row["region"], row["instance_type"]): row for _, row in read_rows(machines_path, INSTANCE_COLUMNS)}
    renewal = Renewal()
    before = len(services) + len(machines)
    for region in regions:
        lists = _Lists(client, region)
        _renew_items(lists, services, today, renewal)
        _renew_instances(lists, services, today, renewal)
        _renew_machines(client, region, machines, today, renewal)
    renewal.kept = max(before - renewal.renewed, 0)
    write_rows(path, SERVICE_COLUMNS, [services[key] for key in sorted(services)])
    write_rows(machines_path, INSTANCE_COLUMNS, [machines[key] for key in sorted(machines)])
    return renewal


class _Lists:
    """The products of one region. Several offers are often in the same list, which is asked for once."""

    def __init__(self, client: PricingClient, region: str) -> None:
        self.region = region
        self._client = client
        self._read: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def products(self, code: str, filters: Mapping[str, str], *, regional: bool = True) -> list[dict[str, Any]]:
        wanted = {**filters, "regionCode": self.region} if regional else dict(filters)
        key = (code, json.dumps(wanted, sort_keys=True))
        if key not in self._read:
            self._read[key] = list(_products(self._client, code, wanted))
        return self._read[key]


def _renew_items(lists: _Lists, rows: dict[tuple[str, str, str], Row], today: date, renewal: Renewal) -> None:
    for offer in OFFERS:
        name = f"{offer.service} › {lists.region} › {offer.item}"
        prices = {
            price
            for product in lists.products(offer.code, offer.attributes, regional=offer.regional)
            if offer.matches(product["product"])
            for price in _on_demand(product, offer.code)
        }
        if not prices:
            renewal.not_found.append(name)
        elif len(prices) > 1:
            renewal.refused.append(f"{name}: AWS names {len(prices)} prices, {', '.join(sorted(f'{price:f}' for price in prices))}")
        else:
            key = (offer.service, lists.region, offer.item)
            _put(rows, key, _row(key, offer.unit, prices.pop(), today), "usd", renewal)


def _renew_instances(lists: _Lists, rows: dict[tuple[str, str, str], Row], today: date, renewal: Renewal) -> None:
    for offer in INSTANCE_OFFERS:
        for kind, price in _instance_prices(lists.products(offer.code, offer.filters), offer):
            key = (offer.service, lists.region, offer.item.format(kind))
            _put(rows, key, _row(key, "instance-hour", price, today), "usd", renewal)


def _instance_prices(products: Iterable[dict[str, Any]], offer: InstanceOffer) -> Iterator[tuple[str, Decimal]]:
    for product in products:
        if kind := offer.kind(product["product"]):
            for price in _on_demand(product, offer.code):
                yield kind, price


def _renew_machines(client: PricingClient, region: str, rows: dict[tuple[str, str], Row], today: date, renewal: Renewal) -> None:
    place = Offer(service="EC2", item="instance", unit="hour", code="AmazonEC2", usage=r"BoxUsage:.*", seen="AWS SDK reference")
    for product in _products(client, "AmazonEC2", {**EC2_FILTERS, "regionCode": region}):
        kind = product["product"].get("attributes", {}).get("instanceType", "")
        old = rows.get((region, kind))
        if not place.matches(product["product"]) or old is None:
            continue  # a new type has no spot price and no GPU facts: it is added by hand
        for price in _on_demand(product, place.code):
            new = {
                **old,
                "on_demand_usd_hour": f"{price:f}",
                "source": "AWS Price List API; spot as before",
                "source_date": today.isoformat(),
            }
            if old["spot_usd_hour"] and price != Decimal(old["on_demand_usd_hour"]):
                new["spot_usd_hour"] = (
                    f"{(Decimal(old['spot_usd_hour']) * price / Decimal(old['on_demand_usd_hour'])).quantize(Decimal('0.0001')):f}"
                )
            _put(rows, (region, kind), new, "on_demand_usd_hour", renewal)


def _put(rows: dict[Any, Row], key: tuple[str, ...], new: Row, column: str, renewal: Renewal) -> None:
    """Take the new row, unless it differs from the old one by more than a price can."""
    old, name = rows.get(key), " › ".join(key)
    if old is not None:
        before, after = Decimal(old[column]), Decimal(new[column])
        if before and after and not 1 / _MOST_CHANGE <= after / before <= _MOST_CHANGE:
            renewal.refused.append(f"{name}: {before:f} → {after:f} USD is no change of price but of unit")
            return
        if before != after:
            renewal.changed.append(f"{name}: {before:f} → {after:f} USD")
    rows[key] = new
    renewal.renewed += 1


def _row(key: tuple[str, str, str], unit: str, price: Decimal, today: date) -> Row:
    service, region, item = key
    return {
        "service": service,
        "region": region,
        "item": item,
        "unit": unit,
        "usd": f"{price.normalize():f}",
        "source": "AWS Price List API",
        "source_date": today.isoformat(),
    }


def _products(client: PricingClient, code: str, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Every product of a service that passes the filters, over all pages."""
    from botocore.exceptions import BotoCoreError, ClientError

    wanted = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in filters.items()]
    try:
        for page in client.get_paginator("get_products").paginate(ServiceCode=code, Filters=wanted, FormatVersion="aws_v1"):
            for text in page.get("PriceList", ()):
                yield _product(text, code)
    except (BotoCoreError, ClientError) as error:
        remedy = "check the credentials: the action pricing:GetProducts must be allowed"
        raise ServiceError(f"AWS Price List API, {code}: {error}", remedy=remedy) from None


def _product(text: Any, code: str) -> dict[str, Any]:
    try:
        product = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        product = None
    if not isinstance(product, dict) or not all(isinstance(product.get(part), dict) for part in ("product", "terms")):
        raise _another_shape(code, "a product")
    _part(product["product"], "attributes", code)
    return product


def _part(whole: Any, name: str, code: str) -> Mapping[str, Any]:
    """An object inside a product; empty where it is not there."""
    part = whole.get(name, {}) if isinstance(whole, Mapping) else None
    if not isinstance(part, Mapping):
        raise _another_shape(code, f"a product with {name}")
    return part


def _another_shape(code: str, than: str) -> ServiceError:
    return ServiceError(f"AWS Price List API, {code}: answered something else than {than}", remedy="try again; nothing was changed")


def _on_demand(product: Mapping[str, Any], code: str) -> Iterator[Decimal]:
    """The on-demand price of each term's first tier that costs something: what comes before it is a free tier."""
    for term in _part(product["terms"], "OnDemand", code).values():
        tiers = [_tier(dimension, code) for dimension in _part(term, "priceDimensions", code).values()]
        paid = sorted(tier for tier in tiers if tier is not None and tier[1])
        if paid:
            yield paid[0][1]


def _tier(dimension: Mapping[str, Any], code: str) -> tuple[Decimal, Decimal] | None:
    """(where it begins, USD); None where there is no price in USD."""
    written = _part(dimension, "pricePerUnit", code).get("USD")
    if written is None:
        return None
    try:
        begin, price = Decimal(str(dimension.get("beginRange", "0"))), Decimal(str(written))
    except InvalidOperation:
        raise ServiceError(f"AWS Price List API, {code}: {written!r} is no price", remedy="nothing was changed") from None
    if not price.is_finite() or price < 0:
        raise ServiceError(f"AWS Price List API, {code}: {written} is no price", remedy="nothing was changed")
    return begin, price
