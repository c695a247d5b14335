"""Usage assumptions: what somebody stated for this environment, else the defaults of its size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

from mlctl.config.usage import ModelUsage, Size, Usage
from mlctl.config.yaml_file import read_yaml
from mlctl.errors import InputError

DEFAULTS = Path(__file__).parent / "usage_defaults.yaml"
SIZES = ("small", "medium", "large")
Defaults = Mapping[str, Mapping[str, tuple[Decimal, Decimal, Decimal]]]
"""Pulumi type → usage key → (small, medium, large), a month."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One figure that the estimate rests on."""

    key: str
    value: Decimal
    origin: str
    """`resource`, `type`, `model`, `node pool` or `default (small)`."""


class UsageBook:
    """Answers how much a resource is used."""

    def __init__(self, usage: Usage, defaults: Defaults) -> None:
        self.usage = usage
        self._defaults = defaults
        self._column = SIZES.index(usage.size)

    def resource(self, address: str) -> Mapping[str, Decimal]:
        """What was stated for `stack/resource name`."""
        return self.usage.resources.get(address, {})

    def model(self, name: str | None) -> ModelUsage | None:
        return self.usage.models.get(name) if name else None

    def find(self, type_token: str, key: str, stated: Mapping[str, Decimal]) -> Assumption | None:
        """The nearest statement: for the resource, for its type, the size's default. None where there is none."""
        if key in stated:
            return Assumption(key, stated[key], "resource")
        if key in self.usage.types.get(type_token, {}):
            return Assumption(key, self.usage.types[type_token][key], "type")
        values = self._defaults.get(type_token, {}).get(key)
        return Assumption(key, values[self._column], f"default ({self.usage.size})") if values else None


@cache
def load_defaults(path: Path = DEFAULTS) -> Defaults:
    """The defaults per size.

    Raises
    ------
    InputError
        A key has not exactly the three sizes, or a value is no quantity.
    """
    source = read_yaml(path)
    defaults: dict[str, dict[str, tuple[Decimal, Decimal, Decimal]]] = {}
    for token, keys in source.value.items():
        defaults[token] = {}
        for key, sizes in keys.items():
            line = source.line((token, key))
            if not isinstance(sizes, dict) or tuple(sizes) != SIZES:
                raise InputError(
                    "must give three sizes", file=path, line=line, key=f"{token}.{key}", allowed="{small: …, medium: …, large: …}"
                )
            small, medium, large = (_quantity(sizes[size], path, line, f"{token}.{key}.{size}") for size in SIZES)
            defaults[token][key] = (small, medium, large)
    return defaults


def column(size: Size) -> int:
    """The place of a size in a triple of defaults."""
    return SIZES.index(size)


def _quantity(value: object, path: Path, line: int | None, key: str) -> Decimal:
    try:
        quantity = Decimal(str(value))
    except InvalidOperation:
        quantity = Decimal("NaN")
    if not quantity.is_finite() or quantity < 0:
        raise InputError(f"{value!r} is no quantity", file=path, line=line, key=key, allowed="a number, zero or more")
    return quantity
