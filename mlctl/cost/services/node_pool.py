"""Karpenter node pools: what is expected to run, and the most that their limits allow."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mlctl.config.usage import PoolUsage
from mlctl.cost.catalogue import priced
from mlctl.cost.karpenter import Pool, ceiling, read_pool
from mlctl.cost.price import HOURS, InstanceType
from mlctl.cost.quote import Quote
from mlctl.cost.services.ec2 import Machine, hourly
from mlctl.cost.size import gibibytes
from mlctl.cost.values import inside, mappings, times

TYPE = "kubernetes:karpenter.sh/v1:NodePool"
_CLASS = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"
_KEYS = ("average_nodes", "hours")
_METRICS = 7


@priced(TYPE, service="EKS", usage=_KEYS)
def node_pool(quote: Quote) -> None:
    pool = read_pool({"metadata": quote.raw("metadata"), "spec": quote.raw("spec")}, quote.around.prices, quote.region)
    usage = quote.around.usage.usage.node_pools.get(pool.name) or _default(quote, pool)
    if usage is None:
        quote.unknown(f"usage.node_pools.{pool.name} is not stated and no priced instance type meets the pool's requirements")
        return
    hours = usage.average_nodes * usage.hours
    _add_nodes(quote, pool, usage.instance_type, hours)
    settings = _node_class(quote)
    per_node = _add_disks(quote, settings, hours) + _add_monitoring(quote, settings, hours)
    most = ceiling(pool)
    if most is None:
        quote.ceiling(None, f"pool {pool.name} has no limit that bounds its cost; set limits")
        return
    extra = f" + at most {most.nodes:.0f} nodes × {per_node:.2f} USD of disk and monitoring" if per_node else ""
    quote.ceiling(most.usd + most.nodes * per_node, most.arithmetic + extra)
    if any(kind.gpus for kind in pool.allowed):
        quote.gpu_ceiling(most.usd)


def _add_nodes(quote: Quote, pool: Pool, kind: str, hours: Decimal) -> None:
    """Add the expected instance hours; a share of spot may fall back to on-demand."""
    fallback = Decimal(quote.around.environment.cluster.spot_fallback_percent) / 100 if "on-demand" not in pool.capacity else Decimal(0)
    shares = ((True, 1 - fallback), (False, fallback)) if pool.spot else ((False, Decimal(1)),)
    for spot, share in shares:
        if share:
            price, gpus = hourly(quote, Machine(type=kind, spot=spot))
            label = "spot" if spot else "on-demand"
            cost = quote.add(f"Nodes ({label}, {kind})", "hours", hours * share, price, key="average_nodes")
            if gpus:
                quote.gpu(cost)


def _default(quote: Quote, pool: Pool) -> PoolUsage | None:
    """Usage where nobody stated any: the defaults of the size, on the cheapest type that the pool allows."""
    kinds: list[tuple[Decimal, InstanceType]] = [(kind.on_demand.usd, kind) for kind in pool.allowed if kind.on_demand.usd is not None]
    nodes, hours = (quote.usage(key) for key in _KEYS)
    if not kinds or nodes is None or hours is None:
        return None
    cheapest = min(kinds, key=lambda pair: (pair[0], pair[1].name))[1]
    return PoolUsage(average_nodes=nodes, hours=min(hours, HOURS), instance_type=cheapest.name)


def _node_class(quote: Quote) -> Mapping[str, Any]:
    """The EC2NodeClass of the pool; empty where it is not in the plan."""
    name = inside(quote.raw("spec"), "template.spec.nodeClassRef.name")
    quote.looked_around = True
    for other in quote.around.neighbours.of_type(_CLASS):
        if inside(other.inputs, "metadata.name") == name:
            spec = other.inputs.get("spec")
            return spec if isinstance(spec, Mapping) else {}
    return {}


def _add_disks(quote: Quote, settings: Mapping[str, Any], hours: Decimal) -> Decimal:
    """Add the nodes' disks; USD a month for one node."""
    per_node = Decimal(0)
    for mapping in mappings(settings.get("blockDeviceMappings")):
        kind = inside(mapping, "ebs.volumeType") or "gp3"
        size = gibibytes(inside(mapping, "ebs.volumeSize"))
        price = quote.price("EBS", f"{kind} storage")
        quote.add(f"Node disks ({kind})", "GB", times(size, hours / HOURS), price, key="average_nodes")
        per_node += times(size, price.usd) or Decimal(0)
    return per_node


def _add_monitoring(quote: Quote, settings: Mapping[str, Any], hours: Decimal) -> Decimal:
    """Add detailed monitoring; USD a month for one node."""
    if settings.get("detailedMonitoring") is not True:
        return Decimal(0)
    price = quote.price("CloudWatch", "custom metric, first 10,000")
    quote.add("EC2 detailed monitoring", "metrics", _METRICS * hours / HOURS, price, key="average_nodes")
    return times(_METRICS, price.usd) or Decimal(0)
