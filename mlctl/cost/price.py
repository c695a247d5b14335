"""List prices: what one unit costs in one region, who says so, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

HOURS = Decimal(730)
"""Hours in a month, by the convention of AWS's own calculator."""
GLOBAL = "global"
"""The region of prices that are the same everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of one unit, or why there is none (`usd` is None and `source` says why)."""

    usd: Decimal | None
    """USD for one `unit`, before tax and free tier."""
    unit: str
    """`hour`, `GB-month`, `request` … always one of them, never a thousand."""
    source: str
    """Where the figure was published."""
    date: date | None
    """When that source was read or published."""

    def times(self, factor: Decimal | int, why: str) -> Price:
        """A price that follows from this one: `why` is added to the source."""
        if self.usd is None:
            return self
        return Price(usd=self.usd * factor, unit=self.unit, source=f"{self.source}; {why}", date=self.date)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceType:
    """An EC2 instance type in one region."""

    name: str
    vcpus: Decimal
    memory_gib: Decimal
    gpus: Decimal
    """GPUs or other accelerators; zero for none and for fractions of one."""
    gpu_name: str | None
    on_demand: Price
    """USD an hour, Linux, shared tenancy."""
    spot: Price
    """USD an hour: an estimate from AWS's published average saving, not a quote."""

    @property
    def family(self) -> str:
        return self.name.split(".", 1)[0]

    @property
    def size(self) -> str:
        return self.name.split(".", 1)[1]


@dataclass(frozen=True)
class PriceBook:
    """All known prices. Looking one up never fails: an unknown price says that it is unknown."""

    services: Mapping[tuple[str, str, str], Price]
    """(service, region, item) → price."""
    instance_types: Mapping[tuple[str, str], InstanceType]
    """(region, instance type) → what it is and costs."""

    def price(self, service: str, item: str, region: str) -> Price:
        """The price of `item` in `region`, or of `item` everywhere."""
        found = self.services.get((service, region, item)) or self.services.get((service, GLOBAL, item))
        return found or unpriced(f"no price of {service} › {item} in {region}")

    def instance(self, name: str, region: str) -> InstanceType | None:
        return self.instance_types.get((region, name))

    def instances(self, region: str) -> Iterable[InstanceType]:
        return self._by_region.get(region, ())

    @cached_property
    def _by_region(self) -> dict[str, tuple[InstanceType, ...]]:
        grouped: dict[str, list[InstanceType]] = {}
        for (region, _), kind in self.instance_types.items():
            grouped.setdefault(region, []).append(kind)
        return {region: tuple(kinds) for region, kinds in grouped.items()}

    @cached_property
    def regions(self) -> tuple[str, ...]:
        return tuple(sorted({region for _, region, _ in self.services} | {region for region, _ in self.instance_types} - {GLOBAL}))


def unpriced(reason: str) -> Price:
    """A price that nobody knows, and why."""
    return Price(usd=None, unit="", source=reason, date=None)


def monthly(hourly: Price) -> Price:
    """The price of holding for a month what is charged by the hour."""
    return Price(usd=hourly.usd * HOURS, unit="month", source=hourly.source, date=hourly.date) if hourly.usd is not None else hourly
