"""Prices resources one after the other, and equal ones only once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mlctl.cost.catalogue import Entry, entries
from mlctl.cost.component import Priced, Quotation
from mlctl.cost.free import why_free
from mlctl.cost.quote import Quote, Surroundings
from mlctl.plan.model import Resource

_GROUPING = Quotation(service="none", status=Priced.FREE, reason="a component groups other resources")
_READ = Quotation(service="none", status=Priced.FREE, reason="is read, not made, by this program")
_NOTHING_STATED: Mapping[str, Decimal] = {}


class _Memory:
    """Quotations of one type by the inputs that its pricer read. What it did not read cannot have mattered."""

    __slots__ = ("keys", "known")

    def __init__(self) -> None:
        self.keys: tuple[str, ...] = ()
        self.known: dict[Any, Quotation] = {}

    def key(self, inputs: Mapping[str, Any], rest: tuple[Any, ...]) -> Any:
        values = (*rest, *[inputs.get(name) for name in self.keys])
        try:
            hash(values)
        except TypeError:
            return repr(values)
        return values

    def learn(self, read: set[str]) -> None:
        """Inputs that were not known to matter do: what was remembered by fewer is forgotten."""
        if not read.issubset(self.keys):
            self.keys = tuple(sorted(read.union(self.keys)))
            self.known.clear()


class Quoting:
    """Turns resources into quotations."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._region = around.environment.region
        self._entries = entries()
        self._anything_stated = bool(around.usage.usage.resources)
        self._fixed: dict[str, Quotation] = {}
        self._memories: dict[str, _Memory] = {}

    def quotation(self, resource: Resource, model: str | None) -> Quotation:
        if not resource.custom:
            return _GROUPING
        if resource.external:
            return _READ
        entry = self._entries.get(resource.type)
        if entry is None:
            return self._fixed.get(resource.type) or self._unpriceable(resource.type)
        stated = self._around.stated(resource) if self._anything_stated else _NOTHING_STATED
        region = resource.inputs.get("region")
        if not isinstance(region, str) or resource.package != "aws":
            region = self._region
        if stated:
            return self._ask(resource, entry, model, stated, region)[0]
        memory = self._memories.get(resource.type)
        if memory is None:
            memory = self._memories[resource.type] = _Memory()
        found = memory.known.get(memory.key(resource.inputs, (model, region)))
        if found is not None:
            return found
        quotation, quote = self._ask(resource, entry, model, _NOTHING_STATED, region)
        if not quote.looked_around:
            memory.learn(quote.read)
            memory.known[memory.key(resource.inputs, (model, region))] = quotation
        return quotation

    def _ask(
        self, resource: Resource, entry: Entry, model: str | None, stated: Mapping[str, Decimal], region: str
    ) -> tuple[Quotation, Quote]:
        quote = Quote(resource, model, stated, self._around, region)
        entry.price(quote)
        return quote.quotation(entry.service), quote

    def _unpriceable(self, token: str) -> Quotation:
        reason = why_free(token)
        service = token.split(":")[1].split("/")[0] if ":" in token else token
        if reason is not None:
            quotation = Quotation(service=service, status=Priced.FREE, reason=reason)
        else:
            quotation = Quotation(service=service, status=Priced.UNPRICED, reason=f"no pricing for {token}")
        self._fixed[token] = quotation
        return quotation
