"""The parts of an expression after parsing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Literal:
    """A number, a string, true, false or nil."""

    value: Any


@dataclass(frozen=True)
class Name:
    """A variable: `workflow`, or `#` inside a closure."""

    name: str


@dataclass(frozen=True)
class Member:
    """`target.name` or `target[key]`; `optional` for `?.`."""

    target: Expression
    key: Expression
    optional: bool = False


@dataclass(frozen=True)
class Slice:
    """`target[low:high]`."""

    target: Expression
    low: Expression | None
    high: Expression | None


@dataclass(frozen=True)
class Call:
    """`function(arguments)`; the name may be dotted, as in `sprig.trim`."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Method:
    """`target.Name(arguments)`."""

    target: Expression
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Unary:
    """`!x`, `-x`, `+x`."""

    operator: str
    operand: Expression


@dataclass(frozen=True)
class Binary:
    """`left operator right`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Ternary:
    """`condition ? yes : no`."""

    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True)
class ListOf:
    """`[a, b]`."""

    items: tuple[Expression, ...]


@dataclass(frozen=True)
class MapOf:
    """`{a: 1}`."""

    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True)
class Closure:
    """`{# > 1}` as the argument of filter, map and the like."""

    body: Expression


@dataclass(frozen=True)
class Let:
    """`let name = value; body`."""

    name: str
    value: Expression
    body: Expression


Expression = Literal | Name | Member | Slice | Call | Method | Unary | Binary | Ternary | ListOf | MapOf | Closure | Let


def children(node: Expression) -> list[Expression]:
    """The expressions directly inside `node`."""
    found: list[Expression] = []
    for value in vars(node).values():
        for item in value if isinstance(value, tuple) else (value,):
            parts = item if isinstance(item, tuple) else (item,)
            found.extend(part for part in parts if isinstance(part, Expression))
    return found


def dotted_name(node: Expression) -> tuple[str, ...] | None:
    """`steps['a'].outputs.result` as `("steps", "a", "outputs", "result")`; None where a part is computed."""
    if isinstance(node, Name):
        return (node.name,)
    if isinstance(node, Member) and isinstance(node.key, Literal) and isinstance(node.key.value, str):
        above = dotted_name(node.target)
        return (*above, node.key.value) if above else None
    return None
