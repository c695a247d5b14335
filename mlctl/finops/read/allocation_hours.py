"""Hourly allocations by the million: summed by workload and day as they come.

Only rows whose costs are all there and none negative are summed here; every other row is handed on, to be looked at carefully. The hours
of a day are added as the binary numbers that the server sent and kept to twelve digits after the point; days are decimals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from mlctl.finops.charge import Span
from mlctl.finops.ledger import Ledger, Window, overlap

_MOST = 1e12
_MANY = 50_000
_NO_PROPERTIES = msgspec.Raw(b"null")
Number = float | None


class _Time(msgspec.Struct, gc=False):
    start: str = ""
    end: str = ""


class Allocation(msgspec.Struct, gc=False, rename="camel"):
    """What the report needs of an allocation, as published; a part that is not sent is zero."""

    window: _Time | None = None
    properties: msgspec.Raw = _NO_PROPERTIES
    total_cost: Number = None
    cpu_cost: Number = 0.0
    cpu_cost_adjustment: Number = 0.0
    cpu_efficiency: Number = None
    gpu_cost: Number = 0.0
    gpu_cost_adjustment: Number = 0.0
    gpu_efficiency: Number = None
    ram_cost: Number = 0.0
    ram_cost_adjustment: Number = 0.0
    ram_efficiency: Number = None
    pv_cost: Number = 0.0
    pv_cost_adjustment: Number = 0.0
    network_cost: Number = 0.0
    network_cost_adjustment: Number = 0.0
    load_balancer_cost: Number = 0.0
    load_balancer_cost_adjustment: Number = 0.0
    shared_cost: Number = 0.0
    external_cost: Number = 0.0


Steps = Iterable[Mapping[str, Allocation] | None]


class DaySums(NamedTuple):
    """The hours of one workload and day, USD. Parts whose efficiency is not known are in neither side of its ratio."""

    total: Decimal
    gpu: Decimal
    cpu: Decimal
    cpu_used: Decimal
    ram: Decimal
    ram_used: Decimal
    gpu_measured: Decimal
    gpu_used: Decimal


class _Day:
    """A workload's day so far."""

    __slots__ = ("cpu", "cpu_used", "gpu", "gpu_measured", "gpu_used", "hours", "ram", "ram_used", "total")

    def __init__(self) -> None:
        self.hours = 0
        self.total = self.gpu = self.cpu = self.cpu_used = self.ram = self.ram_used = self.gpu_measured = self.gpu_used = 0.0

    def sums(self) -> DaySums:
        parts = (self.total, self.gpu, self.cpu, self.cpu_used, self.ram, self.ram_used, self.gpu_measured, self.gpu_used)
        return DaySums(*(Decimal(repr(round(part, 12))) for part in parts))


class Hours:
    """What was read of one file, or of a part of it. `origin` names the file."""

    def __init__(self, ledger: Ledger, origin: str) -> None:
        self.rows = 0
        self.outside = 0
        self.external = Decimal(0)
        self.careful: list[tuple[str, Mapping[str, Any]]] = []
        """Rows that were not summed."""
        self._origin = origin
        self._ledger = ledger
        self._days: dict[Span, dict[tuple[str, str], _Day]] = {}
        self._times = _Time()
        self._window: Window | None = None
        self._today: dict[tuple[str, str], _Day] = {}
        self._properties: dict[tuple[str, str], bytes] = {}
        self._clusters: dict[bytes, str] = {}

    def add(self, steps: Steps) -> None:
        """Take over decoded steps.

        Raises
        ------
        InputError
            A window of a workload overlaps one that was read before.
        """
        for step in steps:
            self.rows += len(step or ())
            for name, row in (step or {}).items():
                if not self._sum(name, row):
                    self.careful.append((name, _plain(row)))

    def add_plain(self, steps: Iterable[Mapping[str, Any] | None]) -> None:
        """Hand on steps that have another shape than `Allocation`."""
        for step in steps:
            self.rows += len(step or ())
            self.careful += (step or {}).items()

    def days(self) -> Iterator[tuple[str, Mapping[str, Any], Window, DaySums]]:
        """(name, properties, window, sums) of each workload and day."""
        decoded: dict[tuple[str, str], Mapping[str, Any]] = {}
        for span, workloads in self._days.items():
            for key, day in workloads.items():
                if key not in decoded:
                    value = msgspec.json.decode(self._properties[key])
                    decoded[key] = value if isinstance(value, dict) else {}
                yield key[1], decoded[key], Window(span, day.hours), day.sums()

    def _sum(self, name: str, row: Any) -> bool:
        """Add an `Allocation`; whether it could be. The hot loop, kept in one piece since a call costs more than what it does."""
        time, total, external = row.window, row.total_cost, row.external_cost
        try:
            cpu, ram = row.cpu_cost + row.cpu_cost_adjustment, row.ram_cost + row.ram_cost_adjustment
            gpu, disk = row.gpu_cost + row.gpu_cost_adjustment, row.pv_cost + row.pv_cost_adjustment
            network = row.network_cost + row.network_cost_adjustment
            balancer = row.load_balancer_cost + row.load_balancer_cost_adjustment
            if min(cpu, ram, gpu, disk, network, balancer, row.shared_cost, external, total) < 0.0 or total > _MOST:
                return False
            window = self._window if time == self._times else self._next_window(time)
        except (TypeError, ValueError):
            return False  # a part is null, the window is missing or wrong
        if window is None:
            self.outside += 1
            return True
        if external:
            self.external += Decimal(repr(external))
            total = max(total - external, 0.0)
        day = self._day(name, row.properties, window)
        day.total += total
        if gpu:
            day.gpu += min(gpu, total)
            if (share := row.gpu_efficiency) is not None and share >= 0.0:
                day.gpu_measured += gpu
                day.gpu_used += gpu * min(share, 1.0)
        if (share := row.cpu_efficiency) is not None and share >= 0.0:
            day.cpu += cpu
            day.cpu_used += cpu * min(share, 1.0)
        if (share := row.ram_efficiency) is not None and share >= 0.0:
            day.ram += ram
            day.ram_used += ram * min(share, 1.0)
        return True

    def _next_window(self, time: _Time | None) -> Window | None:
        """The window of rows to come, which most often are many."""
        if time is None:
            raise ValueError("no window")
        window = self._window = self._ledger.window(time.start, time.end)
        self._times = time
        if window is not None:
            self._today = self._days.setdefault(window.span, {})
        return window

    def _day(self, name: str, written: msgspec.Raw, window: Window) -> _Day:
        text = bytes(written)
        cluster = self._clusters.get(text)
        if cluster is None:
            cluster = self._cluster(text)
        key = (cluster, name)
        day = self._today.get(key)
        if day is None:
            day = self._today[key] = _Day()
            self._properties.setdefault(key, text)
        if day.hours & window.hours:
            raise overlap(self._origin, None, key)
        day.hours |= window.hours
        return day

    def _cluster(self, text: bytes) -> str:
        if len(self._clusters) > _MANY:
            self._clusters.clear()
        value = msgspec.json.decode(text)
        cluster = str(value.get("cluster") or "") if isinstance(value, dict) else ""
        self._clusters[text] = cluster
        return cluster


def _plain(row: Allocation) -> dict[str, Any]:
    """The row with decimals, as an answer that is read carefully has them."""
    names = zip(row.__struct_fields__, row.__struct_encode_fields__, strict=True)
    value: dict[str, Any] = {sent: getattr(row, name) for name, sent in names}
    value["properties"] = msgspec.json.decode(bytes(row.properties))
    value["window"] = {"start": row.window.start, "end": row.window.end} if row.window else None
    return {name: Decimal(repr(part)) if isinstance(part, float) else part for name, part in value.items()}
