"""Pulumi's wire format (protobuf structs with marked secrets, assets and references) as plain JSON values, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from mlctl.plan.model import SECRET, UNKNOWN
from mlctl.plan.placeholder import contains_placeholder, is_placeholder

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(slots=True)
class Marks:
    """Paths of a value that are not plainly known."""

    computed: set[str] = field(default_factory=set)
    partial: set[str] = field(default_factory=set)
    secret: set[str] = field(default_factory=set)


def join(path: str, key: str | int) -> str:
    """`tags` + `a.b` → `tags["a.b"]`; `ids` + 0 → `ids[0]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if "." in key or "[" in key or '"' in key:
        quoted = key.replace('"', '\\"')
        return f'{path}["{quoted}"]'
    return f"{path}.{key}" if path else key


def from_struct(struct: Struct, marks: Marks) -> dict[str, Any]:
    """The struct as JSON values. Secrets become `SECRET` and are never kept; what is computed is noted in `marks`."""
    return {key: from_value(value, key, marks) for key, value in struct.fields.items()}


def from_value(value: Value, path: str, marks: Marks) -> Any:
    """One value; see `from_struct`."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return _note(value.string_value, path, marks)
    if kind == "struct_value":
        return _from_fields(value.struct_value, path, marks)
    if kind == "list_value":
        return [from_value(item, join(path, index), marks) for index, item in enumerate(value.list_value.values)]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def _from_fields(struct: Struct, path: str, marks: Marks) -> Any:
    fields = struct.fields
    if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET_SIGNATURE:
        marks.secret.add(path)
        if _is_unknown(fields["value"]):
            marks.computed.add(path)
        return SECRET
    return {key: from_value(item, join(path, key), marks) for key, item in fields.items()}


def _is_unknown(value: Value) -> bool:
    return value.WhichOneof("kind") == "string_value" and (value.string_value == UNKNOWN or is_placeholder(value.string_value))


def _note(text: str, path: str, marks: Marks) -> str:
    if text == UNKNOWN or is_placeholder(text):
        marks.computed.add(path)
    elif contains_placeholder(text):
        marks.partial.add(path)
    return text


def mark(value: Any, marks: Marks, path: str = "") -> None:
    """Note what is computed or secret in JSON values that another tool wrote."""
    for leaf_path, leaf in leaves(value, path):
        if leaf == SECRET:
            marks.secret.add(leaf_path)
        elif isinstance(leaf, str):
            _note(leaf, leaf_path, marks)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every (path, value) that is neither a mapping nor a list."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, join(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, join(path, index))
    else:
        yield path, value


def to_struct(values: Mapping[str, Any]) -> Struct:
    """JSON values as a struct."""
    struct = Struct()
    for key, value in values.items():
        set_value(struct.fields[key], value)
    return struct


def set_value(target: Value, value: Any) -> None:
    """Write a JSON value into a protobuf one."""
    if value is None:
        target.null_value = 0
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, (int, float)):
        target.number_value = float(value)
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Mapping):
        target.struct_value.CopyFrom(to_struct(value))
    else:
        items = ListValue()
        for item in value:
            set_value(items.values.add(), item)
        target.list_value.CopyFrom(items)


def secret_value(value: Any) -> dict[str, Any]:
    """The wire form of a secret."""
    return {SIGNATURE: SECRET_SIGNATURE, "value": value}
