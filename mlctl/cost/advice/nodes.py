"""Spot, Graviton, off-hours and off-peak training for the cluster's nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from mlctl.cost.advice.line import Advice, Evidence
from mlctl.cost.money import plain
from mlctl.cost.price import HOURS

GRAVITON = {
    "m5": "m6g",
    "m6i": "m7g",
    "m7i": "m7g",
    "c5": "c6g",
    "c6i": "c7g",
    "c7i": "c7g",
    "r5": "r6g",
    "r6i": "r7g",
    "r7i": "r7g",
    "t3": "t4g",
}
"""x86 family → the Graviton family of the same or the next generation."""
SPOT_RANGE = (Decimal("0.87"), Decimal("1.56"))
"""Observed spot prices over those that AWS's published savings imply, lowest and highest of 28 (shared price data, November 2026)."""
_WEEKS = HOURS / 168
_WORK_HOURS = "off=(M-F,19);on=(M-F,7);tz=UTC"


def spot_advice(evidence: Evidence) -> Iterator[Advice]:
    """Work that can be repeated, on spot."""
    for pool, usage, kind in evidence.pools():
        if pool.capacity != "on-demand" or pool.purpose == "serving" or kind.spot.usd is None or kind.on_demand.usd is None:
            continue
        hours, repeated = usage.average_nodes * usage.hours, Decimal(evidence.environment.usage.spot_interruption_percent)
        spot = kind.spot.usd * (1 + repeated / 100)
        low, high = (hours * (kind.on_demand.usd - spot * factor) for factor in reversed(SPOT_RANGE))
        saving = hours * (kind.on_demand.usd - spot)
        if saving > 0:
            yield Advice(
                kind="spot",
                target=f"cluster.node_pools.{pool.name}.capacity",
                change="on-demand → spot, with an on-demand pool of lower weight to fall back to",
                saving_usd=saving,
                arithmetic=f"{plain(hours)} h × ({plain(kind.on_demand.usd)} - {plain(kind.spot.usd)} × {plain(1 + repeated / 100)}) USD; "
                f"spot is an estimate: between {plain(round(low, 2))} and {plain(round(high, 2))} USD",
                risk="high" if pool.kind == "gpu" else "medium",
                why="nodes are taken away with two minutes' notice: training must write checkpoints",
            )


def graviton_advice(evidence: Evidence) -> Iterator[Advice]:
    """The same size on AWS's own processors."""
    for pool, usage, kind in evidence.pools():
        other = evidence.instance(f"{GRAVITON.get(kind.family, '')}.{kind.size}")
        now, then = evidence.rate(pool, kind), evidence.rate(pool, other) if other else None
        if pool.kind != "cpu" or pool.architecture != "amd64" or other is None or now is None or then is None or then >= now:
            continue
        hours = usage.average_nodes * usage.hours
        yield Advice(
            kind="Graviton",
            target=f"cluster.node_pools.{pool.name}",
            change=f"{kind.name} → {other.name} (architecture: arm64, instance_families: [{other.family}])",
            saving_usd=hours * (now - then),
            arithmetic=f"{plain(hours)} h × ({plain(now)} - {plain(then)}) USD",
            risk="medium",
            why="every image that runs there must be built for arm64",
        )
    yield from _system_nodes(evidence)


def _system_nodes(evidence: Evidence) -> Iterator[Advice]:
    nodes = evidence.environment.cluster.system_nodes
    kind = evidence.instance(nodes.instance_types[0])
    other = evidence.instance(f"{GRAVITON.get(kind.family, '')}.{kind.size}") if kind else None
    now, then = (one.on_demand.usd if one else None for one in (kind, other))
    if kind and other and now is not None and then is not None and then < now:
        yield Advice(
            kind="Graviton",
            target="cluster.system_nodes.instance_types",
            change=f"{kind.name} → {other.name}",
            saving_usd=nodes.minimum * HOURS * (now - then),
            arithmetic=f"{nodes.minimum} × {HOURS} h × ({plain(now)} - {plain(then)}) USD",
            risk="medium",
            why="controllers and daemon sets must have arm64 images; most do",
        )


def off_hours_advice(evidence: Evidence) -> Iterator[Advice]:
    """Pools of a non-production environment that run while nobody works."""
    if evidence.environment.production:
        return
    schedule = evidence.environment.schedules.off_hours or _WORK_HOURS
    on = on_hours_a_month(schedule)
    for pool, usage, kind in evidence.pools():
        rate = evidence.rate(pool, kind)
        if pool.off_hours or rate is None or on is None or usage.hours <= on:
            continue
        yield Advice(
            kind="off-hours",
            target=f"cluster.node_pools.{pool.name}.off_hours",
            change=f"true, on the schedule {schedule}",
            saving_usd=usage.average_nodes * (usage.hours - on) * rate,
            arithmetic=f"{plain(usage.average_nodes)} nodes × ({plain(usage.hours)} - {plain(round(on, 1))}) h × {plain(rate)} USD",
            risk="low",
            why="whoever works at night must start it",
        )


def on_hours_a_month(schedule: str) -> Decimal | None:
    """Hours a month that `off=(M-F,19);on=(M-F,7);tz=…` leaves things running; None where on and off are not on the same days."""
    match = re.match(r"off=\(([^,]+(?:,[A-Z-]+)*),(\d+)\);on=\(([^,]+(?:,[A-Z-]+)*),(\d+)\)", schedule)
    if not match or match[1] != match[3] or int(match[2]) <= int(match[4]):
        return None
    days = sum(_days(part) for part in match[1].split(","))
    return days * (int(match[2]) - int(match[4])) * _WEEKS


def _days(part: str) -> int:
    order = "MTWHFSU"
    first, _, last = part.partition("-")
    return order.index(last) - order.index(first) + 1 if last else 1


def training_advice(evidence: Evidence) -> Iterator[Advice]:
    """CPU training at night on the serving nodes that stand idle, instead of on nodes of its own."""
    if evidence.environment.schedules.training_window:
        return
    pools = {pool.purpose: (pool, kind) for pool, _, kind in evidence.pools() if pool.kind == "cpu"}
    if "serving" not in pools or not ("training" in pools or "batch" in pools):
        return
    pool, kind = pools.get("training") or pools["batch"]
    rate = evidence.rate(pool, kind)
    models = evidence.environment.models
    hours = sum(
        (usage.training_hours for name, usage in evidence.environment.usage.models.items() if models[name].accelerator == "cpu"), Decimal(0)
    )
    if rate and hours:
        yield Advice(
            kind="off-peak training",
            target="schedules.training_window",
            change=f'"22:00-06:00", on the idle nodes of {pools["serving"][0].name}',
            saving_usd=hours * rate,
            arithmetic=f"{plain(hours)} h of training × {plain(rate)} USD on {pool.name}",
            risk="medium",
            why="training and night traffic share nodes: keep the priority classes",
        )
