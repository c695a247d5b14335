"""The variables that can be seen from one place of a workflow, looked up outwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Scope:
    """A chain of dotted names: own names first, then those of the scope around it.

    A value is a string, an `ArtifactFile` under `….artifacts.<name>`, or a function that gives the value when it is asked for.
    """

    __slots__ = ("_outer", "_own")

    def __init__(self, own: dict[str, Any] | None = None, outer: Scope | None = None) -> None:
        self._own = {} if own is None else own
        self._outer = outer

    def get(self, key: str, default: Any = None, /) -> Any:
        """The value of one dotted name, or `default`."""
        scope: Scope | None = self
        while scope is not None:
            if key in scope._own:
                value = scope._own[key]
                return value() if callable(value) else value
            scope = scope._outer
        return default

    def set(self, key: str, value: Any) -> None:
        """Give one name a value in this scope."""
        self._own[key] = value

    def update(self, values: dict[str, Any]) -> None:
        """Give several names values in this scope."""
        self._own.update(values)

    def __iter__(self) -> Iterator[str]:
        scope: Scope | None = self
        while scope is not None:
            yield from scope._own
            scope = scope._outer

    def inner(self, own: dict[str, Any] | None = None) -> Scope:
        """A new scope inside this one."""
        return Scope(own, self)
