"""Which file prices which resource type."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from mlctl.cost.quote import Quote


class Pricer(Protocol):
    """Adds a resource's components to its quote."""

    def __call__(self, quote: Quote, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """How one resource type is priced."""

    type: str
    service: str
    """The AWS service on the bill."""
    price: Pricer
    usage_keys: frozenset[str]
    """Usage keys that it understands."""


_ENTRIES: dict[str, Entry] = {}


def priced(*types: str, service: str, usage: tuple[str, ...] = ()) -> Callable[[Pricer], Pricer]:
    """Register the function that prices these resource types."""

    def register(pricer: Pricer) -> Pricer:
        for token in types:
            if token in _ENTRIES:
                raise ValueError(f"{token} is priced twice")
            _ENTRIES[token] = Entry(token, service, pricer, frozenset(usage))
        return pricer

    return register


@cache
def entries() -> dict[str, Entry]:
    """Every priced resource type, from all files in services/."""
    from mlctl.cost import services

    for module in pkgutil.iter_modules(services.__path__):
        importlib.import_module(f"{services.__name__}.{module.name}")
    return dict(sorted(_ENTRIES.items()))
