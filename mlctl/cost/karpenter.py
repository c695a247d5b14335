"""What a Karpenter pool may launch, and the most that its limits let it cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mlctl.cost.price import HOURS, InstanceType, PriceBook
from mlctl.cost.size import gibibytes
from mlctl.cost.values import as_number, inside, mappings

_MATCHES: Mapping[str, Callable[[InstanceType], str]] = {
    "karpenter.k8s.aws/instance-family": lambda kind: kind.family,
    "karpenter.k8s.aws/instance-size": lambda kind: kind.size,
    "node.kubernetes.io/instance-type": lambda kind: kind.name,
    "karpenter.k8s.aws/instance-category": lambda kind: kind.family[0],
}


@dataclass(frozen=True, slots=True)
class Pool:
    """A NodePool as pricing sees it."""

    name: str
    capacity: frozenset[str]
    """`spot`, `on-demand`, `reserved`."""
    allowed: tuple[InstanceType, ...]
    """Instance types with a price that meet its requirements."""
    cpu: Decimal | None
    """Limit, cores; None where there is none."""
    memory_gib: Decimal | None
    gpus: Decimal | None

    @property
    def spot(self) -> bool:
        return "spot" in self.capacity


def read_pool(inputs: Mapping[str, Any], prices: PriceBook, region: str) -> Pool:
    """The pool that the inputs of a NodePool describe."""
    requirements = inside(inputs, "spec.template.spec.requirements")
    wanted = {str(one.get("key")): _values(one) for one in mappings(requirements) if one.get("operator", "In") == "In"}
    arm = wanted.get("kubernetes.io/arch", {"amd64"}) == {"arm64"}
    known = requirements is None or isinstance(requirements, list)
    allowed = [kind for kind in prices.instances(region) if known and is_arm(kind) == arm and _meets(kind, wanted)]
    limits = next(iter(mappings(inside(inputs, "spec.limits"))), {})
    return Pool(
        name=str(inside(inputs, "metadata.name")),
        capacity=frozenset(wanted.get("karpenter.sh/capacity-type", {"on-demand"})),
        allowed=tuple(sorted(allowed, key=lambda kind: kind.name)),
        cpu=_cores(limits.get("cpu")),
        memory_gib=gibibytes(limits["memory"]) if "memory" in limits else None,
        gpus=as_number(limits["nvidia.com/gpu"]) if "nvidia.com/gpu" in limits else None,
    )


def _values(requirement: Mapping[str, Any]) -> set[str]:
    """The values of a requirement; none where they are not known, which no instance type meets."""
    values = requirement.get("values")
    return {str(value) for value in values} if isinstance(values, list) else set()


def is_arm(kind: InstanceType) -> bool:
    """Whether the type is Graviton: a `g` after the generation, as in m6g, c7gn, t4g."""
    rest = kind.family.lstrip("abcdefghijklmnopqrstuvwxyz").lstrip("0123456789")
    return rest.startswith("g") and not kind.family.startswith("g")


def _meets(kind: InstanceType, wanted: Mapping[str, set[str]]) -> bool:
    return all(read(kind) in wanted[key] for key, read in _MATCHES.items() if key in wanted)


def _cores(written: Any) -> Decimal | None:
    text = str(written)
    if text.endswith("m"):
        thousandths = as_number(text[:-1])
        return None if thousandths is None else thousandths / 1000
    return as_number(written)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most a pool can cost a month, and how that follows."""

    usd: Decimal
    nodes: Decimal
    """The most nodes, for what is charged per node."""
    arithmetic: str


def ceiling(pool: Pool) -> Ceiling | None:
    """The dearest use of each limit, and of these the tightest; on demand, since spot may be unavailable. None without a limit that binds.

    A limit of 64 cores lets through at most 64 × the highest price of a core. Every node also uses memory and perhaps GPUs, so the lowest
    of these bounds holds.
    """
    bounds = [
        _bound(pool.allowed, limit, name, amount)
        for limit, name, amount in (
            (pool.cpu, "cores", lambda kind: kind.vcpus),
            (pool.memory_gib, "GiB", lambda kind: kind.memory_gib),
            (pool.gpus, "GPUs", lambda kind: kind.gpus),
        )
        if limit is not None
    ]
    known = [bound for bound in bounds if bound is not None]
    return min(known, key=lambda bound: bound.usd) if known else None


def _bound(allowed: Iterable[InstanceType], limit: Decimal, unit: str, amount: Callable[[InstanceType], Decimal]) -> Ceiling | None:
    rates = [(kind.on_demand.usd / amount(kind), kind) for kind in allowed if kind.on_demand.usd is not None and amount(kind)]
    if not rates or len(rates) < len(list(allowed)):
        return None
    rate, dearest = max(rates, key=lambda pair: (pair[0], pair[1].name))
    nodes = limit / min(amount(kind) for _, kind in rates)
    text = f"limit {limit} {unit} × {rate:.6f} USD per {unit.removesuffix('s')} and hour ({dearest.name}) × {HOURS} h"
    return Ceiling(limit * rate * HOURS, nodes, text)
