"""Reads answers of the OpenCost and Kubecost allocation API: one map of allocations per step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from mlctl.config.environment import Environment
from mlctl.errors import InputError
from mlctl.finops.attribution import Attribution
from mlctl.finops.charge import Gap, Kind, Role, SourceData, Subject, WorkloadUse
from mlctl.finops.ledger import Entry, Ledger, Window, overlap
from mlctl.finops.money import amount
from mlctl.finops.period import Period, ranges
from mlctl.finops.read.use import Uses

if TYPE_CHECKING:
    from mlctl.finops.read.allocation_hours import Hours

_PARTS = ("cpuCost", "gpuCost", "ramCost", "pvCost", "networkCost", "loadBalancerCost", "sharedCost", "externalCost")
_ADJUSTMENTS = {part: f"{part}Adjustment" for part in _PARTS[:6]}
"""Corrections by the cloud's bill, beside the part that they change."""
IDLE, UNMOUNTED = "__idle__", "__unmounted__"
WORKLOADS, IDLE_NODES, SHARED = "Kubernetes workloads", "Kubernetes idle", "Kubernetes unmounted volumes"


class _Workload(NamedTuple):
    """What one allocation is for."""

    cluster: str
    name: str
    rest: Subject
    of_gpu: Subject


class AllocationReader:
    """Collects answers of one source."""

    def __init__(self, name: str, environment: Environment, period: Period) -> None:
        self.name = name
        self.gaps: list[Gap] = []
        self._attribution = Attribution(environment)
        self._ledger = Ledger(period.previous.first, period.end)
        self._first = period.first
        self._uses = Uses()
        self._unknown: dict[date, int] = {}
        self._at_least: dict[date, int] = {}
        self._external = Decimal(0)
        self._negative_idle = Decimal(0)
        self._rows = 0

    def add(self, answer: object, *, origin: str) -> int:
        """Take over one answer; returns how many allocations it held.

        Raises
        ------
        InputError
            It has another shape, an amount is negative or not finite, a window overlaps one that was read before.
        """
        count = 0
        for step, allocations in enumerate(_steps(answer, origin)):
            for name, allocation in allocations.items():
                key = f"data[{step}].{name}"
                if not isinstance(allocation, Mapping):
                    raise InputError("is no allocation", file=origin, key=key, allowed="an object with window and costs")
                self._allocation(str(name), allocation, origin, key)
                count += 1
        self._rows += count
        return count

    def add_hours(self, hours: Hours, *, origin: str) -> None:
        """Take over what was read of a large file, summed by day.

        Raises
        ------
        InputError
            An amount or a window is wrong, or overlaps one that was read before.
        """
        self._rows += hours.rows
        self._ledger.outside += hours.outside
        self._external += hours.external
        for name, allocation in hours.careful:
            window = allocation.get("window") if isinstance(allocation, Mapping) else None
            begin = f"{window['start']} " if isinstance(window, Mapping) and window.get("start") else ""
            if not isinstance(allocation, Mapping):
                raise InputError("is no allocation", file=origin, key=name, allowed="an object with window and costs")
            self._allocation(name, allocation, origin, begin + name)
        for name, properties, days, use in hours.workloads():
            workload = self._workload(name, properties)
            for window, total, gpu in days:
                self._book(workload, window, total, gpu, origin)
            if workload.rest.kind is Kind.WORKLOAD and any(window.span.first >= self._first for window, _, _ in days):
                self._uses.add_sums(name, workload.rest.team, use)

    def data(self) -> SourceData:
        """Everything that was taken over."""
        gaps = list(self.gaps)
        for days, what in (
            (self._unknown, "have no cost (null) and are missing from the totals"),
            (self._at_least, "have a cost that is partly null: their cost is at least what is shown"),
        ):
            if days:
                gaps.append(Gap(self.name, f"{sum(days.values()):,} allocations on {ranges(days)} {what}"))
        if self._external:
            what = f"external cost of {self._external:.2f} USD was left out: it is in the bill and not in the cluster"
            gaps.append(Gap(self.name, what, partial=False))
        if self._negative_idle:
            what = f"idle nodes of {self._negative_idle:.2f} USD were left out: more was allocated there than the nodes cost"
            gaps.append(Gap(self.name, what, partial=False))
        uses: tuple[WorkloadUse, ...] = self._uses.all()
        return SourceData(
            name=self.name, role=Role.ALLOCATION, charges=self._ledger.charges(), gaps=tuple(gaps), uses=uses, rows=self._rows
        )

    def _allocation(self, name: str, allocation: Mapping[str, Any], origin: str, key: str) -> None:
        window = self._window(allocation, origin, key)
        if window is None:
            self._ledger.outside += 1
            return
        idle = IDLE in name.split("/")
        costs = {part: _cost(allocation, part, origin, key, negative=idle) for part in _PARTS}
        total = self._total(allocation, costs, window, origin, key, negative=idle)
        if total is None:
            return
        if total < 0:
            self._negative_idle += total
            return
        properties = allocation.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        gpu = min(max(costs["gpuCost"] or Decimal(0), Decimal(0)), total)
        workload = self._workload(name, properties)
        self._book(workload, window, total, gpu, origin)
        if workload.rest.kind is Kind.WORKLOAD and window.span.first >= self._first:
            self._uses.add(name, workload.rest.team, total, allocation, costs)

    def _book(self, workload: _Workload, window: Window, total: Decimal, gpu: Decimal, origin: str) -> None:
        """Enter an amount, GPUs apart from the rest."""
        cluster, name, rest, of_gpu = workload
        parts = [(rest, total - gpu, 0), (of_gpu, gpu, 1)] if gpu else [(rest, total, 0)]
        for subject, usd, share in parts:
            identity = (cluster, name, share)
            entry = self._ledger.entries.get(identity) or Entry(subject)
            try:
                self._ledger.add(identity, entry, window, usd)
            except ValueError:
                raise overlap(origin, None, (cluster, name)) from None

    def _workload(self, name: str, properties: Mapping[str, Any]) -> _Workload:
        """Who answers for an allocation: what an idle GPU costs goes to the owner of its pool."""
        cluster = str(properties.get("cluster") or "")
        labels, namespace_labels = _labels(properties.get("labels")), _labels(properties.get("namespaceLabels"))
        pool = self._attribution.pool(labels)
        if IDLE in name.split("/"):
            rest, of_gpu = (
                Subject(Kind.IDLE, IDLE_NODES, self._attribution.pool_owner(pool, gpu=gpu), None, pool, "", gpu) for gpu in (False, True)
            )
            return _Workload(cluster, name, rest, of_gpu)
        namespace = str(properties.get("namespace") or "")
        team, model, label = self._attribution.owner(labels, namespace_labels, namespace=namespace)
        kind, service = (Kind.SHARED, SHARED) if UNMOUNTED in name.split("/") else (Kind.WORKLOAD, WORKLOADS)
        rest = Subject(kind, service, team, model, pool, label, False)
        return _Workload(cluster, name, rest, rest._replace(gpu=True))

    def _window(self, allocation: Mapping[str, Any], origin: str, key: str) -> Window | None:
        window = allocation.get("window")
        try:
            if not isinstance(window, Mapping) or not window.get("start") or not window.get("end"):
                raise ValueError("window.start or window.end is missing")
            return self._ledger.window(str(window["start"]), str(window["end"]))
        except ValueError as error:
            remedy = "ask for whole hours, for example window=2026-10-01T00:00:00Z,2026-10-08T00:00:00Z&step=1d"
            raise InputError(str(error), file=origin, key=f"{key}.window", remedy=remedy) from None

    def _total(
        self,
        allocation: Mapping[str, Any],
        costs: Mapping[str, Decimal | None],
        window: Window,
        origin: str,
        key: str,
        *,
        negative: bool,
    ) -> Decimal | None:
        """The total without external cost. NaN arrives as null: then the parts that are numbers, marked as at least; None where none is."""
        total = _cost(allocation, "totalCost", origin, key, negative=negative)
        external = costs["externalCost"] or Decimal(0)
        self._external += external
        if total is not None:
            return total if negative else max(total - external, Decimal(0))
        known = [usd for part, usd in costs.items() if usd is not None and part != "externalCost"]
        day = window.span.first
        nothing = not any(known)
        marked = self._unknown if nothing else self._at_least
        marked[day] = marked.get(day, 0) + 1
        return None if nothing else sum(known, Decimal(0))


def _steps(answer: object, origin: str) -> Iterable[Mapping[str, Any]]:
    data = answer.get("data", "not there") if isinstance(answer, Mapping) else None
    if not isinstance(answer, Mapping) or answer.get("code", 200) != 200 or not (data is None or isinstance(data, list)):
        said = str(answer.get("message") or answer.get("error") or "") if isinstance(answer, Mapping) else ""
        problem = "is no answer of the allocation API" + (f": {said[:200]}" if said else "")
        raise InputError(problem, file=origin, allowed='{"code": 200, "data": [{name: allocation}]}')
    for step, allocations in enumerate(data or ()):
        if allocations is not None and not isinstance(allocations, Mapping):
            raise InputError("is no map of allocations", file=origin, key=f"data[{step}]", allowed="{name: allocation}")
        yield allocations or {}


def _cost(allocation: Mapping[str, Any], part: str, origin: str, key: str, *, negative: bool = False) -> Decimal | None:
    """A part of the cost with its adjustment; None where it is null or not there. Idle can be negative: it is a difference."""
    value = allocation.get(part)
    if value is None:
        return None
    adjustment = _ADJUSTMENTS.get(part)
    if adjustment is None or not allocation.get(adjustment):
        return amount(value, key=f"{key}.{part}", file=origin, negative=negative)
    by = amount(allocation[adjustment], key=f"{key}.{adjustment}", file=origin, negative=True)
    whole = amount(value, key=f"{key}.{part}", file=origin, negative=True) + by
    return amount(whole, key=f"{key}.{part} with its adjustment", file=origin, negative=negative)


def _labels(value: object) -> Mapping[str, str]:
    return {str(name): text for name, text in value.items() if isinstance(text, str)} if isinstance(value, Mapping) else {}
