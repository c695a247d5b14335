"""A parameter of a template, a call or the workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlctl.workflow.yaml_scalars import as_text

Raw = dict[str, Any]


def text_of(value: Any) -> str:
    """A parameter's value as Argo's strings: truth values and numbers as JSON writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return as_text(value) if isinstance(value, int | float) else str(value)


@dataclass(frozen=True, kw_only=True)
class KeyRef:
    """A key of a ConfigMap or a Secret."""

    name: str
    key: str
    optional: bool

    @staticmethod
    def read(raw: Raw) -> KeyRef:
        """From `configMapKeyRef` or `secretKeyRef`."""
        return KeyRef(name=raw.get("name", ""), key=raw.get("key", ""), optional=bool(raw.get("optional")))


@dataclass(frozen=True, kw_only=True)
class ValueFrom:
    """Where a parameter's value comes from when it is not written down."""

    path: str | None
    default: str | None
    expression: str | None
    parameter: str | None
    config_map: KeyRef | None
    supplied: bool

    @staticmethod
    def read(raw: Raw) -> ValueFrom:
        """From a `valueFrom` mapping."""
        key = raw.get("configMapKeyRef")
        return ValueFrom(
            path=raw.get("path"),
            default=text_of(raw["default"]) if raw.get("default") is not None else None,
            expression=raw.get("expression"),
            parameter=raw.get("parameter"),
            config_map=KeyRef.read(key) if key is not None else None,
            supplied="supplied" in raw,
        )


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One entry of a `parameters` list."""

    name: str
    value: str | None
    default: str | None
    value_from: ValueFrom | None
    global_name: str | None
    enum: tuple[str, ...]

    @staticmethod
    def read(raw: Raw) -> Parameter:
        """From one entry of a `parameters` list."""
        value_from = raw.get("valueFrom")
        return Parameter(
            name=raw.get("name", ""),
            value=text_of(raw["value"]) if raw.get("value") is not None else None,
            default=text_of(raw["default"]) if raw.get("default") is not None else None,
            value_from=ValueFrom.read(value_from) if value_from is not None else None,
            global_name=raw.get("globalName"),
            enum=tuple(text_of(item) for item in raw.get("enum") or ()),
        )

    @property
    def given(self) -> str | None:
        """The value, or the default where no value is written."""
        return self.value if self.value is not None else self.default
