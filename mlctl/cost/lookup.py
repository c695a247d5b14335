"""Finds prices by name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from mlctl.cost.money import plain
from mlctl.cost.price import GLOBAL, Price, PriceBook
from mlctl.errors import InputError


@dataclass(frozen=True, slots=True)
class Line:
    """One price as people ask for it."""

    name: str
    region: str
    price: Price
    note: str = ""

    def to_text(self) -> str:
        amount = plain(self.price.usd) if self.price.usd is not None else "not known"
        note = f" ({self.note})" if self.note else ""
        return f"{self.name}, {self.region}: {amount} USD per {self.price.unit}{note}\n    {self.price.source}, {self.price.date}"

    def to_json(self) -> dict[str, str | None]:
        return {
            "name": self.name,
            "region": self.region,
            "usd": plain(self.price.usd) if self.price.usd is not None else None,
            "unit": self.price.unit,
            "note": self.note or None,
            "source": self.price.source,
            "date": self.price.date.isoformat() if self.price.date else None,
        }


def look_up(prices: PriceBook, name: str, region: str) -> list[Line]:
    """Every price in the region that `name` names.

    Raises
    ------
    InputError
        The region or the name is not in the price book.
    """
    known_regions(prices, [region])
    found = []
    kind = prices.instance(name, region)
    if kind is not None:
        facts = f"{plain(kind.vcpus)} vCPU, {plain(kind.memory_gib)} GiB" + (f", {plain(kind.gpus)} × {kind.gpu_name}" if kind.gpus else "")
        found.append(Line(f"EC2 › {name} on demand", region, kind.on_demand, facts))
        if kind.spot.usd is not None:
            found.append(Line(f"EC2 › {name} spot", region, kind.spot, "an estimate, not a quote"))
    for (service, place, item), price in sorted(prices.services.items()):
        if place in (region, GLOBAL) and _names(name, service, item):
            found.append(Line(f"{service} › {item}", place, price))
    if not found:
        names = [kind.name for kind in prices.instances(region)] + [item for _, place, item in prices.services if place == region]
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
        remedy = f"did you mean {', '.join(near)}?" if near else "run `mlctl prices refresh`, or add a row with its source"
        raise InputError(f"no price of {name!r} in {region}", remedy=remedy)
    return found


def _names(name: str, service: str, item: str) -> bool:
    """A name with a dot is an instance type and must be a whole word; other names may be a part."""
    wanted, text = name.lower(), f"{service} {item}".lower()
    return wanted in text.split() if "." in wanted else wanted in text


def known_regions(prices: PriceBook, wanted: Sequence[str]) -> list[str]:
    """The wanted regions, or all of the price book; InputError where one is unknown."""
    known = [region for region in prices.regions if region != GLOBAL]
    for region in wanted:
        if region not in known:
            near = difflib.get_close_matches(region, known, n=1)
            raise InputError(
                f"the price book has no region {region!r}",
                key="--region",
                allowed=", ".join(known),
                remedy=f"did you mean {near[0]}?" if near else None,
            )
    return list(wanted) or known
