"""One resource's inputs as Terraform would hold them: field names, one-element lists, references, and what is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlctl.checks.terraform.names import names, snake
from mlctl.plan.model import UNKNOWN
from mlctl.plan.placeholder import is_placeholder, references
from mlctl.plan.schema import Catalogue, Type

_UNKNOWN = object()

_SIGNATURE = "4dabf18193072939515e22adb298388d"  # pragma: allowlist secret
"""Marks an asset or an archive among Pulumi's inputs."""

Locate = Callable[[str, str], str | None]
"""(Pulumi token, resource name) → Terraform address, or None where that resource is not in this plan."""


@dataclass(slots=True)
class Converted:
    """A resource's `values`, and what a reader of them must know."""

    values: dict[str, Any] = field(default_factory=dict)
    references: dict[str, list[str]] = field(default_factory=dict)
    """Top-level field → addresses that its value comes from."""
    computed: set[str] = field(default_factory=set)
    """Dotted paths that another resource computes: present, but only its cloud knows the value."""
    unknown: set[str] = field(default_factory=set)
    """Dotted paths of which nothing is known, not even that they will be set."""


class Converter:
    """Converts the inputs of one resource."""

    def __init__(self, catalogue: Catalogue, token: str, locate: Locate) -> None:
        self._catalogue = catalogue
        self._token = token
        self._locate = locate
        self._found = Converted()

    def convert(self, inputs: Mapping[str, Any]) -> Converted:
        """The inputs as Terraform values."""
        schema = self._catalogue.inputs(self._token)
        self._found.values = self._fields(inputs, schema.properties if schema else {}, "", "")
        return self._found

    def _fields(self, value: Mapping[str, Any], types: Mapping[str, Type], path: str, place: str) -> dict[str, Any]:
        """`path` is the property's, dotted, in Pulumi's names; `place` the same in Terraform's."""
        fields: dict[str, Any] = {}
        for key, item in value.items():
            if item is None or key == "__defaults":
                continue
            kind = types.get(key, "any")
            below = f"{path}.{key}" if path else key
            name = names().field(self._token, below, block=_is_block(kind))
            converted = self._value(item, kind, below, f"{place}.{name}" if place else name)
            if converted is not _UNKNOWN:
                fields[name] = converted
        return fields

    def _value(self, value: Any, kind: Type, path: str, place: str) -> Any:
        if isinstance(value, str):
            return self._text(value, place)
        kind = _without_union(kind, value)
        if isinstance(value, Mapping) and _SIGNATURE in value:
            return value.get("path", _UNKNOWN)  # an asset: Terraform names the file
        if isinstance(value, Mapping):
            if isinstance(kind, Mapping) and "object" in kind:
                return [self._fields(value, self._catalogue.input_object(kind["object"]).properties, path, place)]
            return self._entries(value, place)
        if isinstance(value, (list, tuple)):
            return self._list(value, kind, path, place)
        return value

    def _list(self, value: Any, kind: Type, path: str, place: str) -> list[Any]:
        inner = _without_union(kind["array"], value[0] if value else None) if isinstance(kind, Mapping) and "array" in kind else "any"
        if isinstance(inner, Mapping) and "object" in inner:
            types = self._catalogue.input_object(inner["object"]).properties
            return [self._fields(item, types, path, place) if isinstance(item, Mapping) else item for item in value]
        converted = [self._value(item, inner, path, place) for item in value]
        return [item for item in converted if item is not _UNKNOWN]

    def _entries(self, value: Mapping[str, Any], place: str) -> dict[str, Any]:
        """A map's keys are data, not field names."""
        converted = {str(key): self._value(item, "any", str(key), f"{place}.{key}") for key, item in value.items() if item is not None}
        return {key: item for key, item in converted.items() if item is not _UNKNOWN}

    def _text(self, value: str, place: str) -> Any:
        if value == UNKNOWN:
            self._found.unknown.add(place)
            return _UNKNOWN
        if not is_placeholder(value):
            for token, name, _ in references(value):
                self._refer(place, token, name)
            return value
        token, name, attribute = references(value)[0]
        self._found.computed.add(place)
        address = self._refer(place, token, name)
        return f"{address}.{snake(attribute)}" if address else value

    def _refer(self, place: str, token: str, name: str) -> str | None:
        address = self._locate(token, name)
        if address:
            self._found.references.setdefault(place.partition(".")[0], []).append(address)
        return address


def _without_union(kind: Type, value: Any) -> Type:
    """The member of a union that fits a mapping or a list."""
    if isinstance(kind, Mapping) and "union" in kind:
        wanted = "object" if isinstance(value, Mapping) else "array"
        for member in kind["union"]:
            if isinstance(member, Mapping) and wanted in member:
                found: Type = member
                return found
    return kind


def _is_block(kind: Type) -> bool:
    """Whether a type is a list of objects, which Terraform writes as repeated blocks."""
    if isinstance(kind, Mapping) and "union" in kind:
        return any(_is_block(member) for member in kind["union"])
    if not isinstance(kind, Mapping) or "array" not in kind:
        return False
    inner = kind["array"]
    members = inner.get("union", [inner]) if isinstance(inner, Mapping) else []
    return any(isinstance(member, Mapping) and "object" in member for member in members)
