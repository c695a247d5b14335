"""Read a YAML file that a stranger wrote: plain values, and the line each key stands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ml.errors import InputError

LARGEST_FILE = 1_000_000  # bytes; a model file is a few kilobytes
DEEPEST_NESTING = 30
Location = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class YamlFile:
    """The values of a YAML file and where they stand."""

    path: Path
    values: dict[str, Any]
    lines: dict[Location, int] = field(default_factory=dict)

    def line(self, location: Location) -> int | None:
        """Return the line of a key, or of the nearest parent that was written."""
        while location:
            if location in self.lines:
                return self.lines[location]
            location = location[:-1]
        return None


def read_yaml(path: Path) -> YamlFile:
    """Read a mapping from a YAML file.

    Raises
    ------
    InputError
        The file is missing, too large, not UTF-8, not YAML, uses anchors (a few lines of them can expand to
        gigabytes), names a key twice, or is not a mapping.
    """
    text = _text(path)
    try:
        _refuse_dangerous(path, text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = (error.problem or "not valid YAML").replace("'\\t'", "a tab")
        raise InputError(problem, file=path, line=mark.line + 1 if mark else None, allowed="YAML indented with spaces") from None
    except yaml.YAMLError as error:
        raise InputError(f"not valid YAML: {error}", file=path) from None
    if not isinstance(node, yaml.MappingNode):
        raise InputError("expected keys with values at the top level", file=path, line=1)
    lines: dict[Location, int] = {}
    constructor = yaml.SafeLoader("")
    values = _value(path, node, (), lines, constructor)
    return YamlFile(path=path, values=values, lines=lines)


def _text(path: Path) -> str:
    if not path.is_file():
        raise InputError("no such file", file=path)
    raw = path.read_bytes()
    if len(raw) > LARGEST_FILE:
        raise InputError(f"{len(raw)} bytes is too large", file=path, allowed=f"at most {LARGEST_FILE} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError("not UTF-8 text", file=path, line=line, remedy="save the file as UTF-8") from None


def _refuse_dangerous(path: Path, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InputError("YAML anchors and aliases are not allowed", file=path, line=line, remedy="write the value out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST_NESTING:
            raise InputError("nested too deeply", file=path, line=line, allowed=f"{DEEPEST_NESTING} levels")


def _value(path: Path, node: yaml.Node, at: Location, lines: dict[Location, int], constructor: yaml.SafeLoader) -> Any:
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, child in enumerate(node.value):
            lines[(*at, index)] = child.start_mark.line + 1
            items.append(_value(path, child, (*at, index), lines, constructor))
        return items
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, child in node.value:
            key = _key(path, key_node)
            line = key_node.start_mark.line + 1
            if key in mapping:
                raise InputError(f"written twice, first on line {lines[(*at, key)]}", file=path, line=line, key=key)
            lines[(*at, key)] = line
            mapping[key] = _value(path, child, (*at, key), lines, constructor)
        return mapping
    try:
        return constructor.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as error:
        problem = getattr(error, "problem", None) or str(error)
        raise InputError(problem, file=path, line=node.start_mark.line + 1, key=".".join(map(str, at))) from None


def _key(path: Path, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:merge":
        raise InputError("a key must be plain text", file=path, line=node.start_mark.line + 1)
    return str(node.value)
