"""Reads a YAML file that a person wrote, and remembers where each key stands.

Refused: tabs, duplicate keys, anchors and aliases (a billion laughs), custom tags, more than one document, more than 1 MiB.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mlctl.errors import InputError

_MAX_BYTES = 1024 * 1024

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """A parsed file: its value, and the line of each key or list item, by location from the root."""

    path: Path
    value: dict[str, Any]
    lines: dict[Location, int]

    def line(self, location: Location) -> int:
        """The line of the key, or of the nearest one above it that exists."""
        for length in range(len(location), 0, -1):
            if (found := self.lines.get(location[:length])) is not None:
                return found
        return 1


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader; its own work on nodes is replaced by ours."""


def read_yaml(path: str | Path) -> YamlFile:
    """Read one mapping.

    Raises
    ------
    InputError
        The file is missing, unreadable, no UTF-8, too large, or not one plain YAML mapping.
    """
    path = Path(path)
    text = read_text(path)
    return parse_yaml(text, path)


def read_text(path: Path) -> str:
    """The file's text; InputError where it cannot be had."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"larger than {_MAX_BYTES} bytes", file=path, remedy="this is not a configuration file")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError("no such file", file=path, remedy="check the name and the folder you are in") from None
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text (byte {error.start})", file=path, remedy="save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path, remedy="check its permissions") from None


def parse_yaml(text: str, path: Path) -> YamlFile:
    """Parse the text of `path`; see `read_yaml`."""
    _refuse_tabs(text, path)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        _refuse_aliases(text, path)
        if node is None:
            raise InputError("is empty", file=path, remedy="write at least the required keys")
        if not isinstance(node, yaml.MappingNode):
            raise InputError("is not a mapping of keys to values", file=path, line=node.start_mark.line + 1)
        lines: dict[Location, int] = {}
        value = _build(node, (), lines, loader, path)
    except RecursionError:
        raise InputError("is nested too deeply", file=path) from None
    except (yaml.YAMLError, ValueError) as error:
        raise _syntax_error(error, path) from None
    finally:
        loader.dispose()
    return YamlFile(path=path, value=value, lines=lines)


def _refuse_tabs(text: str, path: Path) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            raise InputError("a tab stands in the indentation", file=path, line=number, remedy="indent with spaces")


def _refuse_aliases(text: str, path: Path) -> None:
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            mark: Any = event.start_mark
            raise InputError(
                "uses a YAML anchor or alias",
                file=path,
                line=mark.line + 1,
                remedy="write the value out where it is needed",
            )


def _build(node: yaml.Node, location: Location, lines: dict[Location, int], loader: Any, path: Path) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(node, location, lines, loader, path)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            lines[(*location, index)] = item.start_mark.line + 1
            items.append(_build(item, (*location, index), lines, loader, path))
        return items
    return loader.construct_object(node)


def _build_mapping(node: yaml.MappingNode, location: Location, lines: dict[Location, int], loader: Any, path: Path) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key: Hashable = loader.construct_object(key_node)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise InputError(f"the key {key!r} is not text", file=path, line=line, remedy=f'write it as "{key}"')
        if key in result:
            raise InputError("stands twice", file=path, line=line, key=".".join(map(str, (*location, key))), remedy="remove one")
        lines[(*location, key)] = line
        result[key] = _build(value_node, (*location, key), lines, loader, path)
    return result


def _syntax_error(error: Exception, path: Path) -> InputError:
    mark = getattr(error, "problem_mark", None)
    problem = " ".join((getattr(error, "problem", None) or str(error)).split())
    return InputError(
        f"is not YAML: {problem}",
        file=path,
        line=mark.line + 1 if mark else None,
        remedy="check indentation, quotes and colons",
    )
