"""The pinned version: `models.<name>.version` and `previous_version` in environments/<env>.yaml, and nothing else of that file.

The values are replaced at their places in the text, so comments, order, quotes and line ends stay as a person wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mlctl.config.yaml_file import parse_yaml
from mlctl.errors import InputError

SHARE = 10
"""What `challenger.weight_percent` is where nobody says."""

_MARKERS = ("<<<<<<< ", ">>>>>>> ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """Which version serves, and where a rollback goes."""

    version: int | None
    previous: int | None
    challenger: int | None = None
    """The version on trial: `challenger.version`."""
    share: int = field(default=SHARE, compare=False)
    """Percent of the requests that a challenger starts with, where it is put on trial here."""


def pin_in(text: str, path: Path, model: str) -> Pin:
    """The pin of a model in the text of an environment file.

    Raises
    ------
    InputError
        The file is wrong, holds a merge conflict, or has no such model.
    """
    value = _model(_parsed(text, path), path, model)
    challenger = value.get("challenger")
    on_trial = challenger.get("version") if isinstance(challenger, dict) else None
    share = challenger.get("weight_percent", SHARE) if isinstance(challenger, dict) else SHARE
    return Pin(version=value.get("version"), previous=value.get("previous_version"), challenger=on_trial, share=share)


def read_exact(path: Path) -> str:
    """The text with its line ends as they are."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        known = sorted(item.stem for item in path.parent.glob("*.yaml"))
        raise InputError(f"there is no environment {path.stem!r}", file=path.parent, allowed=", ".join(known)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=path) from None


def with_pin(text: str, path: Path, model: str, pin: Pin) -> str:
    """The text with another pin.

    Raises
    ------
    InputError
        The file is wrong or has no such model.
    """
    expected = _parsed(text, path)
    section = _model(expected, path, model)
    section["version"] = pin.version
    if pin.previous is not None or "previous_version" in section:
        section["previous_version"] = pin.previous
    changed = text
    if pin.challenger is None and "challenger" in section:
        del section["challenger"]
        changed = _without(changed, model, "challenger")
    if pin.challenger is not None and "challenger" not in section:
        section["challenger"] = {"version": pin.challenger, "weight_percent": pin.share}
        shown = f"{{version: {pin.challenger}, weight_percent: {pin.share}}}"
        changed = _insert(
            changed, _mapping(_mapping(yaml.compose(changed, Loader=yaml.SafeLoader), "models"), model), "challenger", shown, "version"
        )
    changed = _set(changed, model, "version", pin.version, after=None)
    if "previous_version" in section:
        changed = _set(changed, model, "previous_version", pin.previous, after="version")
    if _parsed(changed, path) != expected:
        remedy = "write `version:` on a line of its own below the model's name, and repeat"
        raise InputError("the version cannot be replaced without touching more", file=path, key=f"models.{model}", remedy=remedy)
    return changed


def _parsed(text: str, path: Path) -> dict[str, Any]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(_MARKERS):
            remedy = "resolve the conflict and repeat; git checkout --theirs or --ours takes one side"
            raise InputError("a merge conflict stands here", file=path, line=number, remedy=remedy)
    return parse_yaml(text, path).value


def _model(value: Mapping[str, Any], path: Path, model: str) -> dict[str, Any]:
    models = value.get("models") or {}
    section = models.get(model) if isinstance(models, dict) else None
    if not isinstance(section, dict):
        allowed = ", ".join(models) if isinstance(models, dict) else None
        raise InputError(f"there is no model {model!r} here", file=path, key="models", allowed=allowed or "none")
    return section


def _set(text: str, model: str, key: str, value: int | None, *, after: str | None) -> str:
    section = _mapping(_mapping(yaml.compose(text, Loader=yaml.SafeLoader), "models"), model)
    shown = "null" if value is None else str(value)
    for key_node, value_node in section.value:
        if key_node.value == key:
            start, end = value_node.start_mark.index, value_node.end_mark.index
            if start != end:
                return text[:start] + shown + text[end:]
            colon = text.index(":", key_node.end_mark.index) + 1
            return f"{text[:colon]} {shown}{text[colon:]}"
    return _insert(text, section, key, shown, after)


def _insert(text: str, section: yaml.MappingNode, key: str, shown: str, after: str | None) -> str:
    """A new key: below `after`, or as the section's first."""
    key_node, value_node = next((pair for pair in section.value if pair[0].value == after), section.value[0])
    if section.flow_style:
        if after:
            place = value_node.end_mark.index
            return f"{text[:place]}, {key}: {shown}{text[place:]}"
        place = key_node.start_mark.index
        return f"{text[:place]}{key}: {shown}, {text[place:]}"
    start = key_node.start_mark.index
    line_end = "\r\n" if "\r\n" in text else "\n"
    line = f"{' ' * key_node.start_mark.column}{key}: {shown}"
    if not after:
        place = start - key_node.start_mark.column
        return f"{text[:place]}{line}{line_end}{text[place:]}"
    place = text.find("\n", value_node.end_mark.index)
    if place < 0:
        return f"{text}{line_end}{line}{line_end}"
    return f"{text[: place + 1]}{line}{line_end}{text[place + 1 :]}"


def _without(text: str, model: str, key: str) -> str:
    """The text without one key of the model and all below it."""
    section = _mapping(_mapping(yaml.compose(text, Loader=yaml.SafeLoader), "models"), model)
    pairs = section.value
    index = next(number for number, (name, _) in enumerate(pairs) if name.value == key)
    start, end = pairs[index][0].start_mark, pairs[index][1].end_mark
    if section.flow_style:
        first = pairs[index - 1][1].end_mark.index if index else start.index
        last = end.index if index or len(pairs) == 1 else pairs[1][0].start_mark.index
        return text[:first] + text[last:]
    lines = text.splitlines(keepends=True)
    last_line = end.line if end.column <= start.column and end.line > start.line else end.line + 1
    while last_line > start.line + 1 and _stands_outside(lines[last_line - 1], start.column):
        last_line -= 1
    return "".join(lines[: start.line] + lines[last_line:])


def _stands_outside(line: str, column: int) -> bool:
    """Whether a line after a section is blank, or a comment on what follows."""
    text = line.lstrip()
    return not text or (text.startswith("#") and len(line) - len(text) <= column)


def _mapping(node: yaml.Node | None, key: str) -> yaml.MappingNode:
    assert isinstance(node, yaml.MappingNode)
    found = next(value for name, value in node.value if name.value == key)
    assert isinstance(found, yaml.MappingNode)
    return found
