"""The parts of a resource's cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

NOT_PRICED = "Not priced"
"""Names a component that says no more than why something is not."""


class Priced(StrEnum):
    """How much of a resource's cost is known."""

    PRICED = "priced"
    """All of it."""
    PARTIAL = "partial"
    """Some: the figure is the least it costs."""
    FREE = "free"
    """AWS charges nothing for it."""
    UNPRICED = "unpriced"
    """Nothing is known; counted as nothing, and the total says `at least`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One line of a bill."""

    name: str
    unit: str
    """What `monthly_quantity` counts, such as `hours` or `1M requests`."""
    monthly_quantity: Decimal | None
    """None where it depends on a value that is not known yet, or on usage that nobody stated."""
    unit_price: Decimal | None
    """USD for one `unit`; None where there is no price."""
    monthly_usd: Decimal | None
    """Quantity × price; None where either is unknown. Never zero for want of knowledge."""
    usage_based: bool
    """Whether the quantity is an assumption about use."""
    source: str
    """Where the price was published, or why there is none."""
    date: date | None
    """The date of that source."""
    usage_key: str | None = None
    """The assumption it rests on."""
    reason: str | None = None
    """Why `monthly_usd` is None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """What one resource costs, whoever owns it. Equal resources share one."""

    service: str
    status: Priced
    components: tuple[Component, ...] = ()
    expected_usd: Decimal = Decimal(0)
    """USD a month."""
    ceiling_usd: Decimal = Decimal(0)
    """USD a month when everything that scales is at its limit."""
    gpu_usd: Decimal = Decimal(0)
    """The part of `expected_usd` that is GPU instances."""
    gpu_ceiling_usd: Decimal = Decimal(0)
    """The most that GPU instances can cost."""
    reason: str | None = None
    """Why it is free, partial or unpriced."""
    ceiling_note: str | None = None
    """The arithmetic of the ceiling, where it differs from the expectation."""
