"""Services billed by the node: ElastiCache, OpenSearch, MSK, MWAA, Redshift."""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS
from mlctl.cost.quote import Quote
from mlctl.cost.services.scaling import scaled_capacity
from mlctl.cost.values import times


def _add_nodes(quote: Quote, service: str, kind: str, count: Decimal | None, *, name: str = "Node", most: Decimal | None = None) -> None:
    limit = times(most, HOURS) if most is not None else None
    quote.add(f"{name} (on-demand, {kind})", "hours", times(count, HOURS), quote.price(service, kind), most=limit)


@priced("aws:elasticache/cluster:Cluster", service="ElastiCache", usage=("snapshot_storage_gb",))
def cache(quote: Quote) -> None:
    _add_nodes(quote, "ElastiCache", quote.text("nodeType"), quote.number("numCacheNodes", 1))
    _add_snapshots(quote)


@priced("aws:elasticache/replicationGroup:ReplicationGroup", service="ElastiCache", usage=("snapshot_storage_gb",))
def replication_group(quote: Quote) -> None:
    groups, most = scaled_capacity(quote, "elasticache:replication-group:NodeGroups")
    groups = quote.number("numNodeGroups", 1) if groups is None else groups
    each = times(1, quote.number("replicasPerNodeGroup", 0))
    each = None if each is None else each + 1
    _add_nodes(quote, "ElastiCache", quote.text("nodeType"), times(groups, each), most=times(most, each) if most is not None else None)
    _add_snapshots(quote)


def _add_snapshots(quote: Quote) -> None:
    if (quote.number("snapshotRetentionLimit", 0) or 0) > 1:
        quote.metered("Backup storage", "GB", "snapshot_storage_gb", quote.price("ElastiCache", "backup storage"))


@priced("aws:opensearch/domain:Domain", service="OpenSearch")
def domain(quote: Quote) -> None:
    count = quote.number("clusterConfig.instanceCount", 1)
    _add_nodes(quote, "OpenSearch", quote.text("clusterConfig.instanceType", "m4.large.search"), count)
    if quote.flag("ebsOptions.ebsEnabled"):
        kind = quote.text("ebsOptions.volumeType", "gp2")
        quote.add(f"Storage ({kind})", "GB", quote.number("ebsOptions.volumeSize", 8), quote.price("OpenSearch", f"{kind} storage"))
    if quote.flag("clusterConfig.dedicatedMasterEnabled"):
        masters = quote.number("clusterConfig.dedicatedMasterCount", 3)
        _add_nodes(quote, "OpenSearch", quote.text("clusterConfig.dedicatedMasterType"), masters, name="Dedicated master")
    if quote.flag("clusterConfig.warmEnabled"):
        _add_nodes(
            quote, "OpenSearch", quote.text("clusterConfig.warmType"), quote.number("clusterConfig.warmCount", 2), name="UltraWarm node"
        )


@priced("aws:msk/cluster:Cluster", service="MSK")
def kafka(quote: Quote) -> None:
    brokers = quote.number("numberOfBrokerNodes")
    _add_nodes(quote, "MSK", quote.text("brokerNodeGroupInfo.instanceType"), brokers, name="Broker")
    size, most = scaled_capacity(quote, "kafka:broker-storage:VolumeSize")
    size = quote.number("brokerNodeGroupInfo.storageInfo.ebsStorageInfo.volumeSize", 1000) if size is None else size
    limit = times(most, brokers) if most is not None else None
    quote.add("Storage", "GB", times(size, brokers), quote.price("MSK", "storage"), most=limit)


_AIRFLOW = ("additional_workers", "additional_schedulers", "meta_database_gb")


@priced("aws:mwaa/environment:Environment", service="MWAA", usage=_AIRFLOW)
def airflow(quote: Quote) -> None:
    kind = quote.text("environmentClass", "mw1.small")
    quote.add(f"Environment ({kind})", "hours", HOURS, quote.price("MWAA", f"environment {kind}"))
    for key, name in ((_AIRFLOW[0], "worker"), (_AIRFLOW[1], "scheduler")):
        quote.add(f"{name.capitalize()} ({kind})", "hours", times(quote.usage(key), HOURS), quote.price("MWAA", f"{name} {kind}"), key=key)
    quote.metered("Metadata database", "GB", _AIRFLOW[2], quote.price("MWAA", "metadata database"))


@priced("aws:redshift/cluster:Cluster", service="Redshift", usage=("managed_storage_gb", "backup_storage_gb"))
def warehouse(quote: Quote) -> None:
    kind = quote.text("nodeType")
    _add_nodes(quote, "Redshift", kind, quote.number("numberOfNodes", 1))
    if kind.startswith("ra3"):
        quote.metered("Managed storage", "GB", "managed_storage_gb", quote.price("Redshift", "managed storage ra3"))
    quote.metered("Backup storage", "GB", "backup_storage_gb", quote.price("Redshift", "backup storage, first 50 TB"))
