"""Amazon Aurora. https://aws.amazon.com/rds/aurora/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS
from mlctl.cost.quote import Quote
from mlctl.cost.services.rds import add_performance_insights
from mlctl.cost.values import times

_CLUSTER = (
    "capacity_units_per_hr",
    "storage_gb",
    "write_requests_per_sec",
    "read_requests_per_sec",
    "backup_storage_gb",
    "monthly_backtrack_records",
    "monthly_snapshot_export_gb",
)
_INSTANCE = ("capacity_units_per_hr", "monthly_cpu_credit_hrs", "vcpu_count", "monthly_additional_performance_insights_requests")


@priced("aws:rds/cluster:Cluster", service="Aurora", usage=_CLUSTER)
def cluster(quote: Quote) -> None:
    if quote.text("engineMode") == "serverless":
        hours = times(quote.usage(_CLUSTER[0]), HOURS)
        quote.add("Aurora serverless v1", "ACU-hours", hours, quote.price("Aurora", "serverless v1"), key=_CLUSTER[0])
    optimized = quote.text("storageType") == "aurora-iopt1"
    storage = quote.price("Aurora", "storage, I/O-optimized" if optimized else "storage")
    quote.metered("Storage (I/O-optimized)" if optimized else "Storage", "GB", "storage_gb", storage)
    if not optimized:
        a_second = [quote.usage(key) for key in _CLUSTER[2:4]]
        requests = None if None in a_second else times(sum((rate for rate in a_second if rate), Decimal(0)), 3600, HOURS)
        quote.add("I/O requests", "1M requests", requests, quote.price("Aurora", "I/O"), scale=1_000_000, key=_CLUSTER[2])
    if (quote.number("backupRetentionPeriod", 1) or 0) > 1:
        quote.metered("Backup storage", "GB", "backup_storage_gb", quote.price("Aurora", "backup storage"))
    if quote.number("backtrackWindow", 0):
        records = quote.price("Aurora", "backtrack")
        quote.metered("Backtrack", "1M change records", "monthly_backtrack_records", records, scale=1_000_000)
    if quote.usage("monthly_snapshot_export_gb"):
        quote.metered("Snapshot export", "GB", "monthly_snapshot_export_gb", quote.price("Aurora", "snapshot export"))


@priced("aws:rds/clusterInstance:ClusterInstance", service="Aurora", usage=_INSTANCE)
def instance(quote: Quote) -> None:
    kind = quote.text("instanceClass")
    if kind == "db.serverless":
        hours = times(quote.usage(_INSTANCE[0]), HOURS)
        quote.add("Aurora serverless v2", "ACU-hours", hours, quote.price("Aurora", "serverless v2"), key=_INSTANCE[0])
    else:
        engine = "Aurora PostgreSQL" if "postgres" in quote.text("engine") else "Aurora MySQL"
        quote.add(f"Database instance (on-demand, {kind})", "hours", HOURS, quote.price("Aurora", f"{engine} {kind}"))
        credits = times(quote.usage(_INSTANCE[1]), quote.usage(_INSTANCE[2]))
        if credits and kind.startswith("db.t"):
            quote.add("CPU credits", "vCPU-hours", credits, quote.price("Aurora", "CPU credits"), key=_INSTANCE[1])
    add_performance_insights(quote, kind)
