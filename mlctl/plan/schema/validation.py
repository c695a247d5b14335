"""Compares a resource's inputs with its schema, as the engine receives them: camelCase JSON values.

The verdict is the published schema's: a string in the place of a number is a problem, although some providers convert it.
A value that is not known yet fits every type.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mlctl.plan.model import SECRET, UNKNOWN
from mlctl.plan.placeholder import contains_placeholder, is_placeholder
from mlctl.plan.schema.catalogue import Catalogue, ObjectSchema, ResourceSchema, Type, load, package_of

Kind = Literal["misspelt", "missing", "type", "enum"]
Predicate = Callable[[Any], bool]

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks an object that stands for something else: a secret, an asset, a resource."""

_SCALARS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer(),
    "asset": lambda value: not isinstance(value, str | int | float | list),
    "any": lambda value: True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One input that the schema does not accept."""

    path: str
    """`imageScanningConfiguration.scanOnPush`, `rules[0].action`"""
    kind: Kind
    message: str
    allowed: tuple[str, ...] = ()
    """Names or values that would be accepted, the likeliest first; empty where there are too many to name."""


def not_known(value: Any) -> bool:
    """Whether a value is known only after the update, or was redacted."""
    return value in (UNKNOWN, SECRET) or is_placeholder(value) if isinstance(value, str) else False


def validate(token: str, inputs: Mapping[str, Any], *, is_unknown: Predicate = not_known) -> list[Problem]:
    """Every problem of the inputs, in the order of their paths; none for a token of which no schema is known."""
    catalogue = load(package_of(token))
    schema = catalogue.inputs(token) if catalogue else None
    if catalogue is None or schema is None:
        return []
    given = _decoded(schema, inputs) if token.startswith("pulumi:providers:") else inputs
    judge = _Judge(catalogue, is_unknown)
    return sorted(judge.properties(schema, given, ""), key=lambda problem: problem.path)


def _decoded(schema: ResourceSchema, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The SDK hands a provider's inputs over as text, those that are no strings as JSON."""
    decoded = dict(inputs)
    for name, value in inputs.items():
        if isinstance(value, str) and schema.properties.get(name, "string") != "string":
            try:
                decoded[name] = json.loads(value)
            except json.JSONDecodeError:
                continue
    return decoded


@dataclass(frozen=True, slots=True)
class _Judge:
    catalogue: Catalogue
    is_unknown: Predicate

    def properties(self, schema: ResourceSchema | ObjectSchema, given: Mapping[str, Any], path: str) -> Iterator[Problem]:
        present = {name: value for name, value in given.items() if value is not None and not name.startswith("__")}
        for name in sorted(schema.required - present.keys()):
            yield Problem(path=_join(path, name), kind="missing", message="is required and is not given")
        for name, value in present.items():
            if name in schema.properties:
                yield from self.value(schema.properties[name], value, _join(path, name))
            else:
                yield _misspelt(name, schema, _join(path, name))

    def value(self, kind: Type, value: Any, path: str) -> Iterator[Problem]:
        if isinstance(value, Mapping) and SIGNATURE in value and "value" in value:
            value = value["value"]
        if value is None or self.is_unknown(value):
            return
        if isinstance(kind, str):
            if not _SCALARS[kind](value):
                yield _wrong_type(self.names(kind), value, path)
            return
        ((form, inner),) = kind.items()
        yield from getattr(self, f"_{form}")(inner, value, path)

    def names(self, kind: Type) -> str:
        """A type in words."""
        if isinstance(kind, str):
            return {"any": "any value", "asset": "an asset or archive", "integer": "an integer"}.get(kind, f"a {kind}")
        ((form, inner),) = kind.items()
        if form == "union":
            return " or ".join(self.names(part) for part in inner)
        return {"array": "a list", "map": "a map", "object": "an object"}.get(form, "one of the allowed values")

    def _array(self, inner: Type, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, Sequence) or isinstance(value, str):
            yield _wrong_type("a list", value, path)
            return
        for index, item in enumerate(value):
            yield from self.value(inner, item, f"{path}[{index}]")

    def _map(self, inner: Type, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            yield _wrong_type("a map", value, path)
            return
        for key, item in value.items():
            yield from self.value(inner, item, _join(path, key))

    def _object(self, name: str, value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, Mapping):
            yield _wrong_type("an object", value, path)
            return
        yield from self.properties(self.catalogue.input_object(name), value, path)

    def _enum(self, name: str, value: Any, path: str) -> Iterator[Problem]:
        yield from _one_of(self.catalogue.enum(name), value, path)

    def _const(self, only: Any, value: Any, path: str) -> Iterator[Problem]:
        yield from _one_of((only,), value, path)

    def _union(self, parts: Sequence[Type], value: Any, path: str) -> Iterator[Problem]:
        """The problems of the part that is nearest: of the same shape and with the fewest problems."""
        verdicts = [list(self.value(part, value, path)) for part in parts]
        if not all(verdicts):
            return
        nested = [verdict for verdict in verdicts if not any(problem.path == path and problem.kind == "type" for problem in verdict)]
        if nested:
            yield from min(nested, key=len)
        else:
            yield _wrong_type(self.names({"union": parts}), value, path)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _misspelt(name: str, schema: ResourceSchema | ObjectSchema, path: str) -> Problem:
    valid = sorted(schema.properties)
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]}?" if near else ""
    return Problem(
        path=path, kind="misspelt", message=f"there is no property {name}{hint}", allowed=(*near, *(v for v in valid if v not in near))
    )


def _wrong_type(wanted: str, value: Any, path: str) -> Problem:
    return Problem(path=path, kind="type", message=f"must be {wanted}, and is {_in_words(value)}")


def _one_of(allowed: tuple[Any, ...], value: Any, path: str) -> Iterator[Problem]:
    if value in allowed or contains_placeholder(value):
        return
    near = difflib.get_close_matches(str(value), [str(item) for item in allowed], n=1, cutoff=0.6)
    names = (*near, *(str(item) for item in allowed if str(item) not in near))
    yield Problem(path=path, kind="enum", message=f"{value!r} is not among the allowed values", allowed=names)


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value:g}" if isinstance(value, float) else f"the number {value}"
    if isinstance(value, str):
        return f"the string {value[:40]!r}"
    return "a list" if isinstance(value, Sequence) else "an object"
