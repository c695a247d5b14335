"""Reads YAML files into plain values that know the line each key stands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mlctl.errors import InputError
from mlctl.workflow.yaml_scalars import as_bool, as_float, as_int, resolvers

MAX_BYTES = 16 * 1024 * 1024
MAX_NODES = 500_000
MAX_DEPTH = 100
_LONGEST_KEY = 16

Path_ = tuple[str | int, ...]


class _Loader(yaml.CSafeLoader):
    """Reads words without quotes as Argo does."""


_Loader.yaml_implicit_resolvers = resolvers()


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document of a YAML file."""

    file: Path
    value: dict[str, Any]
    lines: dict[Path_, int] = field(repr=False)

    def line(self, path: Path_) -> int:
        """The line of `path`, or of the nearest key above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def error(self, path: Path_, problem: str, *, allowed: str | None = None, remedy: str | None = None) -> InputError:
        """An error that points at `path` in this file."""
        return InputError(problem, file=self.file, line=self.line(path), key=dotted(path) or None, allowed=allowed, remedy=remedy)


def dotted(path: Path_) -> str:
    """`("spec", "templates", 0, "name")` as `spec.templates[0].name`."""
    text = ""
    if len(path) > _LONGEST_KEY:
        path = (*path[:_LONGEST_KEY], "…")
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def read_documents(file: Path) -> list[Document]:
    """Every mapping in the file; empty documents are left out.

    Raises
    ------
    InputError
        The file cannot be read, is not UTF-8 or YAML, is too large, or expands through aliases without end.
    """
    text = _read(file)
    try:
        nodes = list(yaml.compose_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise InputError(f"not YAML: {problem}", file=file, line=mark.line + 1 if mark else None) from None
    except RecursionError:
        raise InputError("not YAML we accept: nested too deeply", file=file) from None
    documents = []
    for node in nodes:
        reader = _Reader(file)
        value = reader.read(node, ())
        if value is None:
            continue
        if not isinstance(value, dict):
            raise InputError("this document is not a mapping", file=file, line=node.start_mark.line + 1, allowed="apiVersion, kind, …")
        documents.append(Document(file=file, value=value, lines=reader.lines))
    return documents


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"larger than {MAX_BYTES // 2**20} MiB: not a manifest", file=file)
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text (byte {error.start})", file=file, remedy="save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=file) from None


class _Reader:
    """Turns composed nodes into values, counting what aliases expand to."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: dict[Path_, int] = {}
        self._count = 0
        self._open: set[int] = set()

    def read(self, node: yaml.Node, path: Path_) -> Any:
        self._count += 1
        if self._count > MAX_NODES:
            raise self._error(node, path, f"its aliases expand to more than {MAX_NODES} values")
        if id(node) in self._open or len(path) > MAX_DEPTH:
            raise self._error(node, path, "contains itself, or is nested too deeply")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.add(id(node))
        value = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._sequence(node, path)
        self._open.discard(id(node))
        return value

    def _sequence(self, node: yaml.Node, path: Path_) -> list[Any]:
        return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged.update(self._merge(value_node, path))
                continue
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                raise self._error(key_node, path, "a key must be a plain word")
            if key in own:
                raise self._error(key_node, (*path, key), "written twice in one mapping")
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            own[key] = self.read(value_node, (*path, key))
        return {**merged, **own}

    def _merge(self, node: yaml.Node, path: Path_) -> dict[str, Any]:
        value = self.read(node, path)
        parts = value if isinstance(value, list) else [value]
        merged: dict[str, Any] = {}
        for part in reversed(parts):
            if not isinstance(part, dict):
                raise self._error(node, path, "`<<` merges mappings only")
            merged.update(part)
        return merged

    def _scalar(self, node: yaml.ScalarNode, path: Path_) -> Any:
        kind = node.tag.rsplit(":", 1)[-1]
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return as_bool(node.value)
            if kind == "int":
                return as_int(node.value)
            if kind == "float":
                return as_float(node.value)
        except ValueError:
            raise self._error(node, path, f"`{node.value}` is not a number") from None
        if kind == "str":
            return str(node.value)
        raise self._error(node, path, f"the tag `{node.tag}` is not accepted")

    def _error(self, node: yaml.Node, path: Path_, problem: str) -> InputError:
        return InputError(problem, file=self.file, line=node.start_mark.line + 1, key=dotted(path) or None)
