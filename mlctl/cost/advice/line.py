"""One piece of advice, and what it may look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mlctl.config.cluster import NodePool
from mlctl.config.environment import Environment
from mlctl.config.usage import PoolUsage
from mlctl.cost.estimate import Estimate
from mlctl.cost.price import InstanceType, PriceBook
from mlctl.plan.model import Plan, Resource

Risk = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A change and what it saves, USD a month. Savings of several lines overlap: they do not add up."""

    kind: str
    target: str
    """What to change: a key of the environment's file, or a resource."""
    change: str
    saving_usd: Decimal
    arithmetic: str
    risk: Risk
    why: str
    """What could go wrong."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What advice is drawn from."""

    estimate: Estimate
    plan: Plan
    prices: PriceBook

    @property
    def environment(self) -> Environment:
        return self.estimate.environment

    @property
    def region(self) -> str:
        return self.environment.region

    def instance(self, name: str) -> InstanceType | None:
        return self.prices.instance(name, self.region)

    def usd(self, service: str, item: str) -> Decimal | None:
        """The price of one unit; None where it is not known."""
        return self.prices.price(service, item, self.region).usd

    def pools(self) -> Iterator[tuple[NodePool, PoolUsage, InstanceType]]:
        """Pools with stated usage and a priced instance type."""
        for pool in self.environment.cluster.node_pools:
            usage = self.environment.usage.node_pools.get(pool.name)
            kind = self.instance(usage.instance_type) if usage else None
            if usage and kind:
                yield pool, usage, kind

    def rate(self, pool: NodePool, kind: InstanceType) -> Decimal | None:
        """USD an hour of one node, spot with its repeated hours."""
        if pool.capacity != "spot":
            return kind.on_demand.usd
        repeated = 1 + Decimal(self.environment.usage.spot_interruption_percent) / 100
        return kind.spot.usd * repeated if kind.spot.usd is not None else None

    def of_type(self, token: str) -> list[Resource]:
        return [resource for resource in self.plan.resources() if resource.type == token]
