"""Hourly allocations by the million: summed by workload and day as they come.

Only rows whose costs are all there and none negative are summed here; every other row is handed on, to be looked at carefully. The hours
of a day are added as the binary numbers that the server sent and kept to twelve digits after the point; days are decimals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from mlctl.finops.charge import Span
from mlctl.finops.ledger import Ledger, Window, overlap
from mlctl.finops.read.use import UseSums

_MOST = 1e12
_NOTHING = Decimal(0)
_NOT_SENT = msgspec.Raw(b"null")
Number = float | None


class _Time(msgspec.Struct, gc=False):
    start: str = ""
    end: str = ""


_TIME = msgspec.json.Decoder(_Time)


class Allocation(msgspec.Struct, gc=False, rename="camel"):
    """What the report needs of an allocation, in the order in which it is published; a part that is not sent is zero."""

    properties: msgspec.Raw = _NOT_SENT
    window: msgspec.Raw = _NOT_SENT
    cpu_cost: Number = 0.0
    cpu_cost_adjustment: Number = 0.0
    cpu_efficiency: Number = None
    gpu_cost: Number = 0.0
    gpu_cost_adjustment: Number = 0.0
    gpu_efficiency: Number = None
    network_cost: Number = 0.0
    network_cost_adjustment: Number = 0.0
    load_balancer_cost: Number = 0.0
    load_balancer_cost_adjustment: Number = 0.0
    pv_cost: Number = 0.0
    pv_cost_adjustment: Number = 0.0
    ram_cost: Number = 0.0
    ram_cost_adjustment: Number = 0.0
    ram_efficiency: Number = None
    external_cost: Number = 0.0
    shared_cost: Number = 0.0
    total_cost: Number = None


Steps = Iterable[Mapping[str, Allocation] | None]


class _Use:
    """What a workload asked for and used in the period, USD. Parts whose efficiency is not known are in neither side of a ratio."""

    __slots__ = ("cpu", "cpu_used", "gpu", "gpu_used", "ram", "ram_used", "usd")

    def __init__(self) -> None:
        self.usd = self.cpu = self.cpu_used = self.ram = self.ram_used = self.gpu = self.gpu_used = 0.0

    def sums(self) -> UseSums:
        parts = (self.usd, self.cpu, self.cpu_used, self.ram, self.ram_used, self.gpu, self.gpu_used)
        return UseSums(*map(_decimal, parts))


class _Day:
    """A workload's day so far."""

    __slots__ = ("gpu", "hours", "key", "properties", "total", "use")

    def __init__(self, key: tuple[str, str], use: _Use) -> None:
        self.key = key
        """(cluster, name)."""
        self.properties = _NOT_SENT
        """As they were sent last."""
        self.use = use
        self.hours = 0
        """As bits since the begin of the span."""
        self.total = self.gpu = 0.0


class _Days:
    """The workloads of one span."""

    __slots__ = ("by_key", "by_name")

    def __init__(self) -> None:
        self.by_key: dict[tuple[str, str], _Day] = {}
        self.by_name: dict[str, _Day] = {}
        """The day that a name stood for last: names are the same in several clusters."""


class Workload(NamedTuple):
    """What was read of one workload."""

    name: str
    properties: Mapping[str, Any]
    days: Sequence[tuple[Window, Decimal, Decimal]]
    """(window, total, its GPU part), USD."""
    use: UseSums


class Hours:
    """What was read of one file, or of a part of it. `origin` names the file; use counts from the day `since`."""

    def __init__(self, ledger: Ledger, origin: str, since: date) -> None:
        self.rows = 0
        self.outside = 0
        self.external = Decimal(0)
        self.careful: list[tuple[str, Mapping[str, Any]]] = []
        """Rows that were not summed."""
        self._origin = origin
        self._ledger = ledger
        self._since = since
        self._spans: dict[Span, _Days] = {}
        self._written = _NOT_SENT
        """The window of the last row as it was sent, and what follows from it:"""
        self._window: Window | None = None
        self._hours = 0
        self._counted = False
        self._days = _Days()
        self._properties: dict[tuple[str, str], msgspec.Raw] = {}
        self._uses: dict[tuple[str, str], _Use] = {}

    def add(self, steps: Steps) -> None:
        """Take over decoded steps. Nothing of them is kept, so what they were decoded from may be written over.

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

    def workloads(self) -> Iterator[Workload]:
        """What was read of each."""
        days: dict[tuple[str, str], list[tuple[Window, Decimal, Decimal]]] = {key: [] for key in self._properties}
        for span, workloads in self._spans.items():
            before = self._before(span)
            for key, day in workloads.by_key.items():
                days[key].append((Window(span, day.hours << before), _decimal(day.total), _decimal(day.gpu)))
        for key, written in self._properties.items():
            yield Workload(key[1], _mapping(written), days[key], self._uses[key].sums())

    def _sum(self, name: str, row: Any) -> bool:
        """Add an `Allocation`; whether it could be. The hot loop, kept in one piece since a call costs more than what it does."""
        total, external = row.total_cost, row.external_cost
        try:
            cpu, ram = row.cpu_cost + row.cpu_cost_adjustment, row.ram_cost + row.ram_cost_adjustment
            gpu, disk = row.gpu_cost + row.gpu_cost_adjustment, row.pv_cost + row.pv_cost_adjustment
            network = row.network_cost + row.network_cost_adjustment
            balancer = row.load_balancer_cost + row.load_balancer_cost_adjustment
            if cpu < 0.0 or ram < 0.0 or gpu < 0.0 or disk < 0.0 or network < 0.0 or balancer < 0.0:
                return False
            if row.shared_cost < 0.0 or external < 0.0 or not 0.0 <= total <= _MOST:
                return False
            if row.window != self._written:
                self._next_window(row.window)
        except (TypeError, ValueError):
            return False  # a part is null, the window is missing or wrong
        if self._window is None:
            self.outside += 1
            return True
        if external:
            self.external += Decimal(repr(external))
            total = max(total - external, 0.0)
        day = self._days.by_name.get(name)
        if day is None or day.properties != row.properties:
            day = self._day(name, row.properties)
        if day.hours & self._hours:
            raise overlap(self._origin, None, day.key)
        day.hours |= self._hours
        use = day.use
        day.total += total
        use.usd += total
        if gpu:
            day.gpu += gpu if gpu < total else total
            if (share := row.gpu_efficiency) is not None and share >= 0.0:
                use.gpu += gpu
                use.gpu_used += gpu * share if share < 1.0 else gpu
        if (share := row.cpu_efficiency) is not None and share >= 0.0:
            use.cpu += cpu
            use.cpu_used += cpu * share if share < 1.0 else cpu
        if (share := row.ram_efficiency) is not None and share >= 0.0:
            use.ram += ram
            use.ram_used += ram * share if share < 1.0 else ram
        return True

    def _next_window(self, written: msgspec.Raw) -> None:
        """The window of rows to come, which most often are many.

        Raises
        ------
        ValueError
            It is no window.
        """
        time = _TIME.decode(written)
        self._window = window = self._ledger.window(time.start, time.end)
        self._written = written.copy()
        if window is not None:
            self._counted = window.span.first >= self._since
            self._days = self._spans.setdefault(window.span, _Days())
            self._hours = window.hours >> self._before(window.span)

    def _before(self, span: Span) -> int:
        """Hours from the ledger's begin to a span's."""
        return (span.first - self._ledger.first).days * 24

    def _day(self, name: str, written: msgspec.Raw) -> _Day:
        """The day of a workload whose properties are not those that its name had last."""
        days = self._days
        key = (str(_mapping(written).get("cluster") or ""), name)
        use = self._uses.setdefault(key, _Use())
        day = days.by_name[name] = days.by_key.setdefault(key, _Day(key, use if self._counted else _Use()))
        day.properties = written.copy()
        self._properties.setdefault(key, day.properties)
        return day


def _decimal(usd: float) -> Decimal:
    return Decimal(repr(round(usd, 12))) if usd else _NOTHING


def _mapping(written: msgspec.Raw) -> Mapping[str, Any]:
    """Properties; none where something else was sent."""
    value = msgspec.json.decode(written)
    return value if isinstance(value, dict) else {}


def _plain(row: Allocation) -> dict[str, Any]:
    """The row with decimals, as an answer that is read carefully has them."""
    names = zip(row.__struct_fields__, row.__struct_encode_fields__, strict=True)
    value: dict[str, Any] = {sent: getattr(row, name) for name, sent in names}
    for name in ("properties", "window"):
        value[name] = msgspec.json.decode(value[name])
    return {name: Decimal(repr(part)) if isinstance(part, float) else part for name, part in value.items()}
