"""A copy of the environment files with some keys changed: to ask what would be, without editing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from mlctl.config.yaml_file import read_yaml
from mlctl.errors import InputError
from mlctl.plan.environment import Repository


@contextmanager
def variant_of(repository: Repository, names: Sequence[str], settings: Sequence[str]) -> Iterator[Repository]:
    """The repository with `KEY=VALUE` settings made in a temporary copy of its environment files.

    Raises
    ------
    InputError
        A setting has no `=`, or its key leads nowhere.
    """
    if not settings:
        yield repository
        return
    with tempfile.TemporaryDirectory(prefix="mlctl-") as folder:
        for path in sorted(repository.environments.glob("*.yaml")):
            value = read_yaml(path).value
            if not names or path.stem in names:
                for setting in settings:
                    _apply(value, setting, path)
            (Path(folder) / path.name).write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
        yield replace(repository, environments=Path(folder))


def _apply(value: dict[str, Any], setting: str, path: Path) -> None:
    key, equals, text = setting.partition("=")
    if not equals:
        raise InputError(f"{setting!r} has no =", key="--set", remedy="write KEY=VALUE, for example models.churn.version=3")
    try:
        new = yaml.safe_load(text)
    except yaml.YAMLError:
        raise InputError(f"{text!r} is not a YAML value", key=f"--set {key}") from None
    *parents, last = key.split(".")
    section: Any = value
    for part in parents:
        section = _enter(section, part, key, path)
    if isinstance(section, list):
        section[_index(section, last, key, path)] = new
    else:
        section[last] = new


def _enter(section: Any, part: str, key: str, path: Path) -> Any:
    if isinstance(section, list):
        return section[_index(section, part, key, path)]
    following = section.setdefault(part, {})
    if following is None:
        following = section[part] = {}
    if not isinstance(following, (dict, list)):
        raise InputError(f"{part} holds a value, no section", file=path, key=f"--set {key}")
    return following


def _index(items: list[Any], part: str, key: str, path: Path) -> int:
    """A list item by number, or by its `name`."""
    names = [str(item.get("name")) if isinstance(item, dict) else str(item) for item in items]
    if part in names:
        return names.index(part)
    if part.isdigit() and int(part) < len(items):
        return int(part)
    raise InputError(f"there is no item {part!r}", file=path, key=f"--set {key}", allowed=", ".join(names))
