"""What the first row of a charge says about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlctl.config.environment import Environment
from mlctl.errors import InputError
from mlctl.finops.attribution import Attribution
from mlctl.finops.charge import Kind, Subject
from mlctl.finops.ledger import Entry
from mlctl.finops.money import CURRENCY
from mlctl.finops.read.focus_columns import Columns

_TYPES = ("SkuPriceDetails", "SkuMeter", "x_UsageType")
"""Optional columns that may name the instance type."""
_CREDITS = frozenset({"Credit", "Adjustment"})
_CATEGORIES = frozenset({"Usage", "Purchase", "Tax"}) | _CREDITS


@dataclass(frozen=True, slots=True)
class RowReader:
    """Opens an entry of the ledger for a row that is seen for the first time."""

    attribution: Attribution
    account: str
    columns: Columns
    file: str

    @classmethod
    def make(cls, environment: Environment, columns: Columns, file: str) -> RowReader:
        return cls(Attribution(environment), environment.account, columns, file)

    def entry(self, row: Sequence[str], line: int) -> Entry | None:
        """The entry; None where the row belongs to another account.

        Raises
        ------
        InputError
            The currency is not USD, the category is unknown, the tags are no JSON object.
        """
        columns = self.columns
        account = columns.value(row, "SubAccountId")
        if account and account != self.account:
            return None
        currency = columns.value(row, "BillingCurrency")
        if currency != CURRENCY:
            raise InputError(
                f"the currency is {currency!r}; budgets are in {CURRENCY}, and amounts of two currencies cannot be added",
                file=self.file,
                line=line,
                key="BillingCurrency",
                allowed=CURRENCY,
                remedy="export one currency; no exchange rate is assumed",
            )
        category = columns.value(row, "ChargeCategory")
        if category not in _CATEGORIES:
            allowed = ", ".join(sorted(_CATEGORIES))
            raise InputError(f"{category!r} is no charge category", file=self.file, line=line, key="ChargeCategory", allowed=allowed)
        credit = category in _CREDITS or columns.value(row, "ChargeClass") == "Correction"
        return Entry(self._subject(row, line, credit=credit), negative=credit)

    def _subject(self, row: Sequence[str], line: int, *, credit: bool) -> Subject:
        tags = self._tags(self.columns.value(row, "Tags"), line)
        team, model, label = self.attribution.owner(tags)
        pool = self.attribution.pool(tags)
        kind = Kind.CREDIT if credit else Kind.NODES if self.attribution.is_node(tags) else Kind.CLOUD
        service = self.columns.value(row, "ServiceName") or "(no service)"
        gpu = self.attribution.is_gpu(pool, *(self.columns.value(row, name) for name in _TYPES))
        return Subject(kind, service, team, model, pool, label, gpu)

    def _tags(self, text: str, line: int) -> Mapping[str, str]:
        if not text or text == "null":
            return {}
        try:
            tags = json.loads(text)
        except ValueError:
            tags = None
        if not isinstance(tags, dict):
            raise InputError(f"{text[:60]!r} is no JSON object", file=self.file, line=line, key="Tags", allowed='{"team": "…"} or empty')
        return {str(key): str(value) for key, value in tags.items() if value is not None}
