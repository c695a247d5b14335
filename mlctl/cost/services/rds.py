"""Amazon RDS, not Aurora. https://aws.amazon.com/rds/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS, Price
from mlctl.cost.quote import Quote

_ENGINES = {"postgres": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}
_KEYS = ("additional_backup_storage_gb", "monthly_standard_io_requests", "monthly_additional_performance_insights_requests")
_NAMES = {"gp2": "general purpose SSD, gp2", "gp3": "general purpose SSD, gp3", "io1": "provisioned IOPS SSD, io1", "standard": "magnetic"}


@priced("aws:rds/instance:Instance", service="RDS", usage=_KEYS)
def instance(quote: Quote) -> None:
    engine = quote.text("engine")
    kind = quote.text("instanceClass")
    zones = "Multi-AZ" if quote.flag("multiAz") else "Single-AZ"
    quote.add(f"Database instance (on-demand, {zones}, {kind})", "hours", HOURS, _hourly(quote, engine, kind, zones))
    _add_storage(quote, zones)
    retention = quote.number("backupRetentionPeriod", 0)
    if retention or quote.usage(_KEYS[0]):
        item = "backup storage beyond free"
        price = quote.price("Aurora", "backup storage") if engine.startswith("aurora") else quote.price("RDS", item)
        quote.metered("Additional backup storage", "GB", _KEYS[0], price)
    add_performance_insights(quote, kind)


def _hourly(quote: Quote, engine: str, kind: str, zones: str) -> Price:
    if engine.startswith("aurora"):
        name = "Aurora PostgreSQL" if "postgres" in engine else "Aurora MySQL"
        return quote.price("Aurora", f"{name} {kind}")
    name = _ENGINES.get(engine, engine)
    price = quote.price("RDS", f"{name} {kind} {zones}")
    single = quote.price("RDS", f"{name} {kind} Single-AZ")
    if price.usd is None and zones == "Multi-AZ":
        return single.times(2, "two instances: Multi-AZ costs twice Single-AZ")
    return price


def _add_storage(quote: Quote, zones: str) -> None:
    iops = quote.number("iops", 0)
    kind = quote.text("storageType") or ("io1" if iops else "gp2")
    size = quote.number("allocatedStorage", 20)
    if kind == "io1":
        size, iops = _at_least(size, 100), _at_least(iops, 1000)
    most = quote.number("maxAllocatedStorage")
    price = _zoned(quote, f"storage {kind}", zones)
    quote.add(f"Storage ({_NAMES.get(kind, kind)})", "GB", size, price, most=most if most and size and most > size else None)
    if kind == "io1":
        quote.add("Provisioned IOPS", "IOPS", iops, _zoned(quote, "io1 IOPS", zones))
    if kind == "gp3":
        included = 12000 if size is not None and size >= 400 else 3000
        above = None if iops is None else max(iops - included, Decimal(0))
        if above != 0:
            quote.add(f"Provisioned IOPS (above {included:,})", "IOPS", above, _zoned(quote, "gp3 IOPS above baseline", zones))
    if kind == "standard":
        quote.metered("I/O requests", "1M requests", _KEYS[1], quote.price("RDS", "standard I/O"), scale=1_000_000)


def _zoned(quote: Quote, item: str, zones: str) -> Price:
    price = quote.price("RDS", f"{item} {zones}")
    if price.usd is None and zones == "Multi-AZ":
        return quote.price("RDS", f"{item} Single-AZ").times(2, "two copies: Multi-AZ costs twice Single-AZ")
    return price


def _at_least(value: Decimal | None, floor: int) -> Decimal | None:
    return None if value is None else max(value, Decimal(floor))


def add_performance_insights(quote: Quote, kind: str) -> None:
    """Seven days are free; longer is charged per vCPU."""
    if not quote.flag("performanceInsightsEnabled"):
        return
    days = quote.number("performanceInsightsRetentionPeriod", 7)
    if days is None or days > 7:
        machine = quote.instance(kind.removeprefix("db."))
        family = kind.rsplit(".", 1)[0]
        price = quote.price("RDS", f"Performance Insights long-term {family}")
        quote.add("Performance Insights long-term retention", "vCPUs", machine.vcpus if machine else None, price)
    requests = quote.price("RDS", "Performance Insights API")
    quote.metered("Performance Insights API", "1000 requests", _KEYS[2], requests, scale=1000)
