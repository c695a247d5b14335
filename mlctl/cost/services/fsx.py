"""Amazon FSx: Lustre, OpenZFS, Windows. https://aws.amazon.com/fsx/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote
from mlctl.cost.values import times


@priced("aws:fsx/lustreFileSystem:LustreFileSystem", service="FSx")
def lustre(quote: Quote) -> None:
    """Persistent SSD file systems; the price holds the throughput per TiB."""
    deployment = quote.text("deploymentType", "SCRATCH_1")
    throughput = quote.text("perUnitStorageThroughput")
    item = f"{deployment} SSD {throughput} MB/s/TiB" if deployment.startswith("PERSISTENT") else f"{deployment} SSD"
    quote.add(f"Storage ({item})", "GB", quote.number("storageCapacity"), quote.price("FSx for Lustre", item))


@priced("aws:fsx/openZfsFileSystem:OpenZfsFileSystem", service="FSx", usage=("compression_savings_percent", "backup_storage_gb"))
def open_zfs(quote: Quote) -> None:
    saving = Decimal(0)
    if quote.get("rootVolumeConfiguration.dataCompressionType") in ("LZ4", "ZSTD"):
        saving = quote.usage("compression_savings_percent") or Decimal(0)
    _add(quote, "FSx for OpenZFS", 1 - saving / 100)


@priced("aws:fsx/windowsFileSystem:WindowsFileSystem", service="FSx", usage=("backup_storage_gb",))
def windows(quote: Quote) -> None:
    _add(quote, "FSx for Windows", Decimal(1))


def _add(quote: Quote, service: str, stored: Decimal) -> None:
    """`stored` is the share of the capacity that is left after compression."""
    deployment, media = quote.text("deploymentType", "SINGLE_AZ_1"), quote.text("storageType", "SSD")
    throughput = quote.price(service, f"throughput {deployment}")
    quote.add("Throughput capacity", "MBps", quote.number("throughputCapacity"), throughput)
    storage = quote.price(service, f"{media} storage {deployment}")
    quote.add(f"{media} storage", "GB", times(quote.number("storageCapacity"), stored), storage)
    quote.metered("Backup storage", "GB", "backup_storage_gb", quote.price(service, "backup storage"))
