"""How much of what a workload asked for it used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from mlctl.finops.charge import WorkloadUse

_NOTHING = Decimal(0)
_ONE = Decimal(1)


class UseSums(NamedTuple):
    """What many allocations of one workload came to, USD. Parts whose efficiency is not known are in neither side of a ratio."""

    usd: Decimal
    cpu: Decimal
    cpu_used: Decimal
    ram: Decimal
    ram_used: Decimal
    gpu: Decimal
    gpu_used: Decimal


@dataclass(slots=True)
class _Sums:
    team: str | None
    usd: Decimal = _NOTHING
    cpu: Decimal = _NOTHING
    cpu_used: Decimal = _NOTHING
    ram: Decimal = _NOTHING
    ram_used: Decimal = _NOTHING
    gpu: Decimal = _NOTHING
    gpu_used: Decimal | None = None


class Uses:
    """Adds up allocations per workload. A part with an efficiency of null is left out of both sides of the ratio."""

    def __init__(self) -> None:
        self._sums: dict[str, _Sums] = {}

    def add(self, name: str, team: str | None, total: Decimal, allocation: Mapping[str, Any], costs: Mapping[str, Decimal | None]) -> None:
        sums = self._sums.setdefault(name, _Sums(team))
        sums.usd += total
        cpu, ram, gpu = (costs[part] or _NOTHING for part in ("cpuCost", "ramCost", "gpuCost"))
        if (share := _share(allocation.get("cpuEfficiency"))) is not None:
            sums.cpu += cpu
            sums.cpu_used += cpu * share
        if (share := _share(allocation.get("ramEfficiency"))) is not None:
            sums.ram += ram
            sums.ram_used += ram * share
        if gpu and (share := _share(allocation.get("gpuEfficiency"))) is not None:
            sums.gpu += gpu
            sums.gpu_used = (sums.gpu_used or _NOTHING) + gpu * share

    def add_sums(self, name: str, team: str | None, use: UseSums) -> None:
        """Add what many allocations came to."""
        sums = self._sums.setdefault(name, _Sums(team))
        sums.usd += use.usd
        sums.cpu += use.cpu
        sums.cpu_used += use.cpu_used
        sums.ram += use.ram
        sums.ram_used += use.ram_used
        if use.gpu:
            sums.gpu += use.gpu
            sums.gpu_used = (sums.gpu_used or _NOTHING) + use.gpu_used

    def all(self) -> tuple[WorkloadUse, ...]:
        return tuple(
            WorkloadUse(
                name=name,
                team=sums.team,
                usd=sums.usd,
                cpu_usd=sums.cpu,
                cpu_used_usd=sums.cpu_used,
                ram_usd=sums.ram,
                ram_used_usd=sums.ram_used,
                gpu_usd=sums.gpu,
                gpu_used_usd=sums.gpu_used,
            )
            for name, sums in sorted(self._sums.items())
        )


def _share(value: object) -> Decimal | None:
    """An efficiency, at most 1: whoever uses more than was asked for wastes nothing. None where it is null or no number."""
    if value is None or isinstance(value, bool):
        return None
    try:
        share = Decimal(str(value))
    except InvalidOperation:
        return None
    return min(share, _ONE) if share.is_finite() and share >= 0 else None
