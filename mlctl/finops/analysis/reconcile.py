"""Makes one set of charges of several sources, so that nothing is counted twice.

Bill and allocation describe the cluster's nodes both. The bill is what was paid; the allocation says who used it. So where both are there,
the bill's rows for nodes are replaced, day by day, by the allocation and a difference that may be negative:

    allocated + idle + shared + difference + not split up = billed for nodes
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mlctl.errors import InputError
from mlctl.finops.charge import Charge, Gap, Kind, Role, SourceData, Span, Subject
from mlctl.finops.period import Period, ranges

DIFFERENCE = "Kubernetes difference to the bill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The sums of the period, USD."""

    bill: str | None
    allocation: str | None
    billed_usd: Decimal | None
    """The whole bill; None where no bill was read."""
    nodes_usd: Decimal | None
    """Of it, the cluster's nodes."""
    unsplit_usd: Decimal
    """Of the nodes, the days that the allocation does not know, and fees for longer than a day."""
    allocated_usd: Decimal
    idle_usd: Decimal
    shared_usd: Decimal
    others: tuple[tuple[str, Decimal], ...]
    """Further sources of the same money, and what they sum up to: told, not added."""
    split: bool
    """Whether the allocation replaces the bill's nodes."""

    @property
    def difference_usd(self) -> Decimal | None:
        """Billed for nodes less what the allocation explains, on the days that both know."""
        if self.nodes_usd is None or self.allocation is None:
            return None
        return self.nodes_usd - self.unsplit_usd - self.allocated_usd - self.idle_usd - self.shared_usd


@dataclass(frozen=True, slots=True)
class Reconciled:
    """All charges, each once."""

    charges: tuple[Charge, ...]
    gpu: tuple[Charge, ...] | None
    """What GPU instances cost: of the bill, whole machines; where there is no bill, the GPUs that the cluster allocated.

    A view of the same money, not added to it. None where nothing tells them."""
    reconciliation: Reconciliation
    gaps: tuple[Gap, ...]


def reconcile(sources: Sequence[SourceData], period: Period, *, today: date) -> Reconciled:
    """The first source of each role counts; a second one of the same role is shown beside it.

    Raises
    ------
    InputError
        There is no source.
    """
    if not sources:
        raise InputError("no source is given", key="--from", allowed="kubecost, opencost, cost-explorer, focus-csv or files")
    bill = next((one for one in sources if one.role is Role.BILL), None)
    allocation = next((one for one in sources if one.role is Role.ALLOCATION), None)
    gaps = [gap for one in sources for gap in one.gaps]
    days = set(period.previous.days()) | set(period.complete_days(today))
    billed = _until(bill, days)
    allocated = _until(allocation, days)
    nodes = [charge for charge in billed if charge.subject.kind is Kind.NODES]
    split = bool(bill and allocation and nodes)
    if split:
        charges, lost = _split(billed, allocated)
        gaps += _lost_days(allocation.name if allocation else "", lost, period)
    else:
        charges = billed if bill else allocated
    if bill and allocation and not nodes:
        what = "no row of the bill carries the tag node-pool, so the allocation cannot be matched with it: teams come from the bill alone"
        gaps.append(Gap(bill.name, what, partial=False))
    others = [(one.name, _sum(_within(_until(one, days), period))) for one in sources if one not in (bill, allocation)]
    figures = _figures(bill, allocation, billed, charges if split else allocated, period, split=split, others=others)
    gpu = _gpu(billed if bill else None, allocated if allocation else None)
    return Reconciled(tuple(charges), gpu, figures, tuple(gaps))


def _figures(
    bill: SourceData | None,
    allocation: SourceData | None,
    billed: Sequence[Charge],
    explaining: Sequence[Charge],
    period: Period,
    *,
    split: bool,
    others: Sequence[tuple[str, Decimal]],
) -> Reconciliation:
    """The sums of the period."""
    explained = _within(explaining, period)
    nodes = [charge for charge in billed if charge.subject.kind is Kind.NODES]
    return Reconciliation(
        bill=bill.name if bill else None,
        allocation=allocation.name if allocation else None,
        billed_usd=_sum(_within(billed, period)) if bill else None,
        nodes_usd=_sum(_within(nodes, period)) if split else None,
        unsplit_usd=_sum(explained, Kind.NODES),
        allocated_usd=_sum(explained, Kind.WORKLOAD),
        idle_usd=_sum(explained, Kind.IDLE),
        shared_usd=_sum(explained, Kind.SHARED),
        others=tuple(others),
        split=split,
    )


def _gpu(billed: Sequence[Charge] | None, allocated: Sequence[Charge] | None) -> tuple[Charge, ...] | None:
    if billed is not None and any(one.subject.kind is Kind.NODES or one.subject.gpu for one in billed):
        return tuple(one for one in billed if one.subject.gpu)
    return None if allocated is None else tuple(one for one in allocated if one.subject.gpu)


def _split(billed: Iterable[Charge], allocated: Iterable[Charge]) -> tuple[list[Charge], list[tuple[date, str]]]:
    """The bill with its nodes replaced on the days that both know; and the days that only one of them knows."""
    nodes: dict[Span, list[Charge]] = {}
    parts: dict[Span, list[Charge]] = {}
    charges = []
    for charge in billed:
        if charge.subject.kind is Kind.NODES and charge.span.days == 1:
            nodes.setdefault(charge.span, []).append(charge)
        else:
            charges.append(charge)
    for charge in allocated:
        parts.setdefault(charge.span, []).append(charge)
    lost = []
    for span in sorted(nodes.keys() | parts.keys()):
        paid, explained = nodes.get(span, []), parts.get(span, [])
        if not explained:
            charges += paid
            lost.append((span.first, "not in the allocation: the nodes are not split up then"))
        elif not paid:
            lost.append((span.first, "allocated, but the bill has no nodes then: left out"))
        else:
            charges += explained
            charges.append(Charge(Subject(Kind.DIFFERENCE, DIFFERENCE), span, _sum(paid) - _sum(explained)))
    return charges, lost


def _lost_days(source: str, lost: Iterable[tuple[date, str]], period: Period) -> Iterable[Gap]:
    """One gap for each thing that happened, in this month and in the one before."""
    groups: dict[tuple[bool, str], list[date]] = {}
    for day, what in lost:
        groups.setdefault((day >= period.first, what), []).append(day)
    return [Gap(source, f"{ranges(days)}: {what}", partial=now) for (now, what), days in groups.items()]


def _until(source: SourceData | None, days: set[date]) -> list[Charge]:
    """Charges that begin on a day that is over."""
    return [charge for charge in source.charges if charge.span.first in days] if source else []


def _within(charges: Iterable[Charge], period: Period) -> list[Charge]:
    return [charge for charge in charges if period.first <= charge.span.first < period.end]


def _sum(charges: Iterable[Charge], kind: Kind | None = None) -> Decimal:
    return sum((charge.usd for charge in charges if kind in (None, charge.subject.kind)), Decimal(0))
