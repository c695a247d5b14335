"""What one source says was spent: typed charges, what is known about use, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a charge is for."""

    CLOUD = "cloud"  # a row of the bill outside the cluster's nodes
    NODES = "nodes"  # a row of the bill for the cluster's nodes: what an allocation splits up
    CREDIT = "credit"  # a credit, refund or correction
    WORKLOAD = "workload"  # the allocation's share of a workload
    IDLE = "idle"  # nodes that nobody asked for
    SHARED = "shared"  # volumes that no pod mounts, and what else the cluster shares
    DIFFERENCE = "difference"  # what was billed for nodes less what the allocation explains


class Role(StrEnum):
    """What a source can tell. Two sources of one role describe the same money and are never added."""

    BILL = "bill"
    ALLOCATION = "allocation"


class Subject(NamedTuple):
    """Who and what a charge is for."""

    kind: Kind
    service: str
    team: str | None = None
    """A team of the environment; None where nobody can be named."""
    model: str | None = None
    pool: str | None = None
    label: str = ""
    """The team label as found, where it names no team of the environment."""
    gpu: bool = False


class Span(NamedTuple):
    """The days that a charge is for."""

    first: date
    days: int


@dataclass(frozen=True, slots=True)
class Charge:
    """One amount in USD. More than one day: a fee for a longer time, counted once and not extrapolated."""

    subject: Subject
    span: Span
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing or could not be attributed, and what that does to the figures."""

    source: str
    what: str
    partial: bool = True
    """Whether totals are incomplete because of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadUse:
    """What one workload asked for and used of it, USD in the period. Only parts whose efficiency the source knows."""

    name: str
    team: str | None
    usd: Decimal
    cpu_usd: Decimal
    cpu_used_usd: Decimal
    ram_usd: Decimal
    ram_used_usd: Decimal
    gpu_usd: Decimal
    gpu_used_usd: Decimal | None
    """None where the source does not measure GPUs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceData:
    """Everything read from one source."""

    name: str
    role: Role
    charges: tuple[Charge, ...]
    gaps: tuple[Gap, ...] = ()
    uses: tuple[WorkloadUse, ...] = ()
    rows: int = 0

    def daily(self) -> Mapping[date, Decimal]:
        """USD per day, without fees for longer than a day."""
        sums: dict[date, Decimal] = {}
        for charge in self.charges:
            if charge.span.days == 1:
                sums[charge.span.first] = sums.get(charge.span.first, Decimal(0)) + charge.usd
        return sums
