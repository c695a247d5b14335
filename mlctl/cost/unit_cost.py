"""What a thousand predictions cost: serving and training of a model over its requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from mlctl.config.cluster import NodePool
from mlctl.config.environment import Environment
from mlctl.config.model import Model
from mlctl.cost.estimate import Estimate
from mlctl.cost.price import HOURS, PriceBook
from mlctl.cost.price_file import load_prices
from mlctl.cost.size import gibibytes


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCost:
    """One model's cost, USD a month."""

    model: str
    requests: Decimal
    """Requests a month, as usage.models states them."""
    serving_usd: Decimal | None
    """None where it does not serve here, or a price is missing."""
    training_usd: Decimal | None
    """Its hours on a training pool, which are part of the pool's cost and not added to the environment's total again."""
    note: str

    @property
    def usd_per_thousand(self) -> Decimal | None:
        if not self.requests or self.serving_usd is None:
            return None
        return (self.serving_usd + (self.training_usd or 0)) * 1000 / self.requests


def unit_costs(estimate: Estimate, prices: PriceBook | None = None) -> tuple[UnitCost, ...]:
    """One line per model of the environment with stated usage."""
    return tuple(_unit_costs(estimate, prices or load_prices()))


def _unit_costs(estimate: Estimate, prices: PriceBook) -> Iterator[UnitCost]:
    environment = estimate.environment
    tagged = {share.name: share for share in estimate.by_model}
    for name, model in environment.models.items():
        usage = environment.usage.models.get(name)
        requests = usage.requests if usage else Decimal(0)
        training, how = _training(environment, name, prices)
        serving: Decimal | None
        if model.version is None:
            serving, note = None, "no version is pinned, so nothing serves"
        elif model.mode == "kserve":
            serving, note = _replicas(environment, model, prices)
        else:
            share = tagged.get(name)
            serving = share.expected_usd if share else Decimal(0)
            note = "resources tagged with the model" + (" (at least)" if share and share.at_least else "")
        yield UnitCost(model=name, requests=requests, serving_usd=serving, training_usd=training, note=f"{note}; {how}")


def _training(environment: Environment, name: str, prices: PriceBook) -> tuple[Decimal | None, str]:
    """(USD, arithmetic) of the model's training hours on the pool that trains."""
    usage = environment.usage.models.get(name)
    pool = _pool_for(environment, ("training", "batch"), gpu=environment.models[name].accelerator == "gpu")
    if usage is None or pool is None:
        return None, "no training hours or no training pool stated"
    rate = pool_rate(environment, pool, prices)
    if rate is None:
        return None, f"no price of pool {pool.name}"
    cost = usage.training_hours * rate
    return cost, f"training {usage.training_hours:f} h × {rate:f} USD on pool {pool.name}"


def _replicas(environment: Environment, model: Model, prices: PriceBook) -> tuple[Decimal | None, str]:
    """(USD, arithmetic) of KServe replicas: the larger share of a node's cores and memory that they request, all month."""
    pool = _pool_for(environment, ("serving",), gpu=model.accelerator == "gpu")
    usage = environment.usage.node_pools.get(pool.name) if pool else None
    kind = prices.instance(usage.instance_type, environment.region) if usage else None
    rate = pool_rate(environment, pool, prices) if pool else None
    memory = gibibytes(model.kserve.memory) if model.kserve else None
    if pool is None or kind is None or rate is None or model.kserve is None or memory is None:
        return None, "no priced pool with purpose serving"
    cores = Decimal(model.kserve.cpu[:-1]) / 1000 if model.kserve.cpu.endswith("m") else Decimal(model.kserve.cpu)
    share = max(cores / kind.vcpus, memory / kind.memory_gib)
    count = max(model.kserve.minimum, 1)
    return share * count * rate * HOURS, f"{count} replicas × {share:.3f} of {kind.name} × {rate:f} USD × {HOURS} h"


def _pool_for(environment: Environment, purposes: tuple[str, ...], *, gpu: bool) -> NodePool | None:
    wanted = [pool for purpose in purposes for pool in environment.cluster.node_pools if pool.purpose == purpose]
    return next((pool for pool in wanted if (pool.kind == "gpu") == gpu), wanted[0] if wanted else None)


def pool_rate(environment: Environment, pool: NodePool, prices: PriceBook) -> Decimal | None:
    """USD an hour of the instance that stands for a pool."""
    usage = environment.usage.node_pools.get(pool.name)
    kind = prices.instance(usage.instance_type, environment.region) if usage else None
    if kind is None:
        return None
    return kind.spot.usd if pool.capacity == "spot" else kind.on_demand.usd
