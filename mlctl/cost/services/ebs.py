"""Amazon EBS: volumes and snapshots. https://aws.amazon.com/ebs/pricing/"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mlctl.cost.catalogue import priced
from mlctl.cost.price import Price
from mlctl.cost.quote import Quote
from mlctl.cost.values import as_number, inside, times

_NAMES = {
    "gp2": "general purpose SSD, gp2",
    "gp3": "general purpose SSD, gp3",
    "io1": "provisioned IOPS SSD, io1",
    "io2": "provisioned IOPS SSD, io2",
    "sc1": "cold HDD, sc1",
    "st1": "throughput optimized HDD, st1",
    "standard": "magnetic",
}
DEFAULT_GIB = Decimal(8)
"""What AMIs commonly need; what AWS takes where no size is given depends on the AMI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A volume, or what a machine says about one of its volumes."""

    type: str = "gp2"
    size: Decimal | None = DEFAULT_GIB
    iops: Decimal | None = Decimal(0)
    throughput: Decimal | None = Decimal(0)


def disk(settings: Mapping[str, Any], *, default_size: Decimal = DEFAULT_GIB) -> Disk:
    """The disk that `rootBlockDevice`, `ebsBlockDevices[i]` or `blockDeviceMappings[i].ebs` describes."""

    def number(key: str, default: Decimal) -> Decimal | None:
        value = inside(settings, key)
        return default if value is None else as_number(value)

    return Disk(
        type=str(settings.get("volumeType") or "gp2"),
        size=number("volumeSize", default_size),
        iops=number("iops", Decimal(0)),
        throughput=number("throughput", Decimal(0)),
    )


def add_disk(quote: Quote, one: Disk, count: Decimal | None = Decimal(1), *, most: Decimal | None = None) -> None:
    """Add `count` equal volumes, and `most` of them at the limit."""

    def add(name: str, unit: str, each: Decimal | None, price: Price) -> None:
        quote.add(name, unit, times(each, count), price, most=times(each, most) if most is not None else None)

    storage = "magnetic storage" if one.type == "standard" else f"{one.type} storage"
    add(f"Storage ({_NAMES.get(one.type, one.type)})", "GB", one.size, quote.price("EBS", storage))
    if one.type == "gp3":
        throughput, iops = _above(one.throughput, 125), _above(one.iops, 3000)
        if throughput != 0:
            add("Provisioned throughput", "MBps", throughput, quote.price("EBS", "gp3 throughput above 125 MB/s"))
        if iops != 0:
            add("Provisioned IOPS", "IOPS", iops, quote.price("EBS", "gp3 IOPS above 3,000"))
    elif one.type == "io1":
        add("Provisioned IOPS", "IOPS", one.iops, quote.price("EBS", "io1 IOPS"))
    elif one.type == "io2":
        first = Decimal(32000) if one.iops is None or one.iops > 32000 else one.iops
        add("Provisioned IOPS (first 32,000)", "IOPS", first, quote.price("EBS", "io2 IOPS, first 32,000"))
        if _above(one.iops, 32000) != 0:
            add("Provisioned IOPS (above 32,000)", "IOPS", _above(one.iops, 32000), quote.price("EBS", "io2 IOPS, 32,001-64,000"))


def _above(value: Decimal | None, included: int) -> Decimal | None:
    return None if value is None else max(value - included, Decimal(0))


@priced("aws:ebs/volume:Volume", service="EBS", usage=("monthly_standard_io_requests",))
def volume(quote: Quote) -> None:
    kind = quote.text("type", "gp2")
    add_disk(
        quote,
        Disk(
            type=kind,
            size=quote.number("size", DEFAULT_GIB),
            iops=quote.number("iops", 0),
            throughput=quote.number("throughput", 0),
        ),
    )
    if kind == "standard":
        quote.metered("I/O requests", "1M requests", "monthly_standard_io_requests", quote.price("EBS", "magnetic I/O"), scale=1_000_000)


@priced("aws:ebs/snapshot:Snapshot", service="EBS")
def snapshot(quote: Quote) -> None:
    """A first snapshot of a full volume; later ones only hold what changed."""
    source = quote.neighbour("volumeId", quote.raw("volumeId"), "aws:ebs/volume:Volume")
    size = as_number(source.inputs.get("size", DEFAULT_GIB)) if source else None
    quote.add("EBS snapshot storage", "GB", size, quote.price("EBS", "snapshot storage"))
