"""Dotted variables as an expression sees them: `steps['a'].outputs.result`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol


class Variables(Protocol):
    """Where dotted variables are looked up."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """The value of one dotted name."""

    def __iter__(self) -> Iterator[str]:
        """All dotted names."""


def _member(variables: Variables, prefix: str) -> Any:
    value = variables.get(prefix)
    if value is None:
        return Namespace(variables, prefix)
    return ScopedText(value, variables, prefix) if isinstance(value, str) else value


def _known_below(variables: Variables, prefix: str) -> bool:
    start = prefix + "."
    return prefix in ROOTS or any(key.startswith(start) for key in variables)


class Namespace:
    """A name with no value of its own, such as `workflow` or `steps['a']`."""

    def __init__(self, variables: Variables, prefix: str) -> None:
        self._variables = variables
        self._prefix = prefix

    def member(self, name: str) -> Any:
        """What `prefix.name` stands for."""
        return _member(self._variables, f"{self._prefix}.{name}")

    @property
    def name(self) -> str:
        """The dotted name."""
        return self._prefix

    def known(self) -> bool:
        """Whether anything is known below this name."""
        return _known_below(self._variables, self._prefix)

    def as_dict(self) -> dict[str, Any]:
        """Everything below this name, nested."""
        nested: dict[str, Any] = {}
        start = self._prefix + "."
        for key in self._variables:
            if key.startswith(start):
                *above, last = key[len(start) :].split(".")
                place = nested
                for part in above:
                    inner = place.get(part)
                    place[part] = inner = inner if isinstance(inner, dict) else {}
                    place = inner
                place.setdefault(last, self._variables.get(key))
        return nested


class ScopedText(str):
    """A text that also has names below it, such as `inputs.parameters` (JSON) and `inputs.parameters.x`."""

    _variables: Variables
    _prefix: str

    def __new__(cls, text: str, variables: Variables, prefix: str) -> ScopedText:
        made = super().__new__(cls, text)
        made._variables = variables
        made._prefix = prefix
        return made

    @property
    def name(self) -> str:
        """The dotted name."""
        return self._prefix

    def known(self) -> bool:
        """Whether anything is known below this name."""
        return _known_below(self._variables, self._prefix)

    def member(self, name: str) -> Any:
        """What `prefix.name` stands for."""
        return _member(self._variables, f"{self._prefix}.{name}")

    def __str__(self) -> str:
        return str.__str__(self)


class Roots(Mapping[str, Any]):
    """The first names of all dotted variables, as the variables of an expression."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> Any:
        return _member(self._variables, name)

    def __iter__(self) -> Iterator[str]:
        return iter({key.split(".", 1)[0] for key in self._variables})

    def __contains__(self, name: object) -> bool:
        return name in ROOTS or name in set(self)

    def __len__(self) -> int:
        return len(set(iter(self)))


ROOTS = frozenset(["inputs", "outputs", "workflow", "steps", "tasks", "item", "lastRetry", "retries", "pod", "node", "cronworkflow"])
"""The first words of all variables that Argo documents."""
