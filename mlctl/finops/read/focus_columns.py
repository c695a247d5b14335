"""Which columns of a FOCUS file are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Literal

from mlctl.errors import InputError

Cost = Literal["billed", "effective"]
COST_COLUMNS: dict[Cost, str] = {"billed": "BilledCost", "effective": "EffectiveCost"}

_WANTED = ("ChargePeriodStart", "ChargePeriodEnd", "BillingCurrency", "ChargeCategory", "ServiceName")
_VARYING = frozenset(
    {
        "BilledCost",
        "EffectiveCost",
        "ListCost",
        "ContractedCost",
        "ListUnitPrice",
        "ContractedUnitPrice",
        "ConsumedQuantity",
        "PricingQuantity",
        "CommitmentDiscountQuantity",
        "ChargePeriodStart",
        "ChargePeriodEnd",
        "BillingPeriodStart",
        "BillingPeriodEnd",
        "InvoiceId",
    }
)
"""Columns that differ between two hours of the same charge. All others together tell charges apart."""


class Columns:
    """Places of the columns in one file."""

    def __init__(self, header: Sequence[str], cost: Cost, file: str, lines: int) -> None:
        self.lines = lines
        names = [name.strip().lstrip("\ufeff") for name in header]
        self.count = len(names)
        self.cost_name = COST_COLUMNS[cost]
        missing = [name for name in (*_WANTED, self.cost_name) if name not in names]
        if missing:
            raise InputError(
                f"the column {missing[0]} is missing" if len(missing) == 1 else f"the columns {', '.join(missing)} are missing",
                file=file,
                line=1,
                allowed="a FOCUS 1.2 CSV file with its header",
                remedy="export the columns that infra/finops/cost_export.py lists",
            )
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise InputError(f"the column {', '.join(doubled)} is there twice", file=file, line=1, allowed="each column once")
        self._places = {name: place for place, name in enumerate(names)}
        self.cost = self._places[self.cost_name]
        self.start, self.end = self._places["ChargePeriodStart"], self._places["ChargePeriodEnd"]
        self._fixed = [place for place, name in enumerate(names) if name not in _VARYING]
        self.fixed_names = [names[place] for place in self._fixed]
        self._last_varying = max(place for place, name in enumerate(names) if name in _VARYING)
        self.identity: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(*self._fixed)

    def unquoted(self, fields: int, *, quoted: bool) -> Callable[[Sequence[str]], tuple[str, ...]] | None:
        """How to tell charges apart by the plain fields that stand before the first quote; None where that would not do.

        The first quoted field must come after every field that differs from hour to hour.
        """
        if (fields != self.count and not quoted) or (quoted and not self._last_varying < fields - 1 < self.count):
            return None
        before = [place for place in self._fixed if place < fields - quoted]
        return itemgetter(*before) if len(before) > 1 else None

    def value(self, row: Sequence[str], name: str) -> str:
        """A field of a row, empty where the file has no such column."""
        place = self._places.get(name)
        return "" if place is None else row[place].strip()
