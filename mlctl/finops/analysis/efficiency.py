"""How much of what was asked for was used, and what could be saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mlctl.finops.charge import Charge, Kind, WorkloadUse

HEADROOM = Decimal("0.8")
"""A workload that uses 80 % of what it asks for is the right size."""
IDLE_SHARE = Decimal("0.2")
"""A fifth of the nodes' cost may be idle: room for new pods."""
_NOTHING = Decimal(0)
_WORTH = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """Used ÷ asked for, weighted with cost; None where the source does not know."""

    name: str
    cpu: Decimal | None
    ram: Decimal | None
    gpu: Decimal | None
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Nodes that nobody asked for."""

    team: str | None
    pool: str | None
    gpu: bool
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Something to do, and what it saves a month at most."""

    what: str
    team: str | None
    usd_month: Decimal
    how: str


def efficiencies(uses: Sequence[WorkloadUse]) -> list[Efficiency]:
    """One line per team, the dearest first."""
    teams: dict[str, list[WorkloadUse]] = {}
    for use in uses:
        teams.setdefault(use.team or "(no team)", []).append(use)
    return sorted((_efficiency(name, found) for name, found in teams.items()), key=lambda one: (-one.usd, one.name))


def idle(charges: Iterable[Charge]) -> list[Idle]:
    """Idle cost by owner, pool and GPU or not, the dearest first."""
    sums: dict[tuple[str | None, str | None, bool], Decimal] = {}
    for charge in charges:
        if charge.subject.kind is Kind.IDLE:
            key = (charge.subject.team, charge.subject.pool, charge.subject.gpu)
            sums[key] = sums.get(key, _NOTHING) + charge.usd
    found = [Idle(team=team, pool=pool, gpu=gpu, usd=usd) for (team, pool, gpu), usd in sums.items()]
    return sorted(found, key=lambda one: (-one.usd, str(one.team)))


def savings(uses: Sequence[WorkloadUse], charges: Sequence[Charge], *, to_month: Decimal) -> list[Saving]:
    """What could be saved, the most first. `to_month` scales the known days to a month."""
    found = [*_too_large(uses, to_month), *_idle_nodes(charges, to_month), *_unmounted(charges, to_month)]
    return sorted((one for one in found if one.usd_month >= _WORTH), key=lambda one: (-one.usd_month, one.what))


def _too_large(uses: Iterable[WorkloadUse], to_month: Decimal) -> Iterable[Saving]:
    for use in uses:
        cpu = max(use.cpu_usd - use.cpu_used_usd / HEADROOM, _NOTHING)
        ram = max(use.ram_usd - use.ram_used_usd / HEADROOM, _NOTHING)
        used = [f"{label} {(part / whole * 100):.0f} %" for label, part, whole in
                (("CPU", use.cpu_used_usd, use.cpu_usd), ("memory", use.ram_used_usd, use.ram_usd)) if whole]  # fmt: skip
        if used:
            how = f"uses {' and '.join(used)} of its requests; sized so that 80 % is used, when nodes follow"
            yield Saving(what=f"smaller requests of {use.name}", team=use.team, usd_month=(cpu + ram) * to_month, how=how)


def _idle_nodes(charges: Sequence[Charge], to_month: Decimal) -> Iterable[Saving]:
    nodes = sum((one.usd for one in charges if one.subject.kind in (Kind.IDLE, Kind.WORKLOAD) and not one.subject.gpu), _NOTHING)
    empty = _NOTHING
    for line in idle(charges):
        if line.gpu:
            how = "GPUs that no pod asked for: let the pool scale to none, consolidate sooner, or share GPUs"
            yield Saving(what=f"idle GPUs of pool {line.pool or '(not named)'}", team=line.team, usd_month=line.usd * to_month, how=how)
        else:
            empty += line.usd
    if empty > nodes * IDLE_SHARE:
        how = f"{empty:.2f} of {nodes:.2f} USD is idle; consolidation down to a fifth"
        yield Saving(what="idle CPU and memory of nodes", team=None, usd_month=(empty - nodes * IDLE_SHARE) * to_month, how=how)


def _unmounted(charges: Iterable[Charge], to_month: Decimal) -> Iterable[Saving]:
    usd = sum((one.usd for one in charges if one.subject.kind is Kind.SHARED), _NOTHING)
    yield Saving(what="volumes that no pod mounts", team=None, usd_month=usd * to_month, how="snapshot and delete them")


def _efficiency(name: str, uses: Sequence[WorkloadUse]) -> Efficiency:
    measured = [use for use in uses if use.gpu_used_usd is not None]
    return Efficiency(
        name=name,
        cpu=_ratio(sum((use.cpu_used_usd for use in uses), _NOTHING), sum((use.cpu_usd for use in uses), _NOTHING)),
        ram=_ratio(sum((use.ram_used_usd for use in uses), _NOTHING), sum((use.ram_usd for use in uses), _NOTHING)),
        gpu=_ratio(sum((use.gpu_used_usd or _NOTHING for use in measured), _NOTHING), sum((use.gpu_usd for use in measured), _NOTHING)),
        usd=sum((use.usd for use in uses), _NOTHING),
    )


def _ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    return part / whole if whole else None
