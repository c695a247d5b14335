"""A Pulumi project on disk: its name, its entry point and the configuration of one of its stacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlctl.config.yaml_file import read_yaml
from mlctl.errors import InputError
from mlctl.plan.model import SECRET


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program to plan for one stack."""

    project: str
    stack: str
    folder: Path
    """The folder of Pulumi.yaml: the working directory of the program."""
    entry: Path
    """The Python file that is run."""
    config: Mapping[str, str] = field(default_factory=dict)
    """`namespace:key` → value, as the engine passes it: objects as JSON text."""
    secret_keys: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.stack}/{self.project}"


def find_programs(stacks_folder: Path, stack: str) -> list[Program]:
    """Every project directly below a folder, by name.

    Raises
    ------
    InputError
        There is none.
    """
    projects = sorted(stacks_folder.glob("*/Pulumi.yaml"))
    if not projects:
        raise InputError("holds no Pulumi project", file=stacks_folder, remedy="each stack is a folder with a Pulumi.yaml in it")
    return [read_program(project.parent, stack) for project in projects]


def read_program(path: Path, stack: str) -> Program:
    """Read Pulumi.yaml and Pulumi.<stack>.yaml of the project at `path` (the folder, or a file in it).

    Raises
    ------
    InputError
        It is no Pulumi project, not in Python, or its files are wrong.
    """
    folder = (path if path.is_dir() else path.parent).resolve()
    if not path.exists():
        raise InputError("no such folder", file=path, remedy="give the folder of a Pulumi project")
    project_file = folder / "Pulumi.yaml"
    if not project_file.exists():
        raise InputError("there is no Pulumi.yaml here", file=folder, remedy="give the folder of a Pulumi project")
    project = read_yaml(project_file)
    name, runtime = project.value.get("name"), project.value.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    if not isinstance(name, str):
        raise InputError("is missing", file=project_file, key="name", remedy="name the project")
    if language != "python":
        raise InputError(f"is {language!r}", file=project_file, line=project.line(("runtime",)), key="runtime", allowed="python")
    main = folder / str(project.value.get("main", "."))
    entry = main / "__main__.py" if main.is_dir() else main
    if not entry.is_file():
        raise InputError("no such file", file=entry, remedy="a Python project starts at __main__.py, or where `main:` points")
    config, secret_keys = _config(folder, name, stack, project.value)
    return Program(project=name, stack=stack, folder=folder, entry=entry, config=config, secret_keys=secret_keys)


def _config(folder: Path, project: str, stack: str, project_file: Mapping[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Defaults of Pulumi.yaml, overlaid by the stack's own file."""
    config: dict[str, str] = {}
    secret_keys: list[str] = []
    for key, declared in (project_file.get("config") or {}).items():
        default = declared.get("default", declared.get("value")) if isinstance(declared, dict) else declared
        if default is not None:
            config[_qualified(key, project)] = _text(default)
    stack_file = folder / f"Pulumi.{stack}.yaml"
    if stack_file.exists():
        for key, value in (read_yaml(stack_file).value.get("config") or {}).items():
            name = _qualified(key, project)
            if _has_secret(value):
                secret_keys.append(name)
            config[name] = _text(_without_secrets(value))
    return config, tuple(secret_keys)


def _qualified(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return set(value) == {"secure"} or any(_has_secret(item) for item in value.values())
    return isinstance(value, list) and any(_has_secret(item) for item in value)


def _without_secrets(value: Any) -> Any:
    """An encrypted value cannot be read without the stack's key, and need not be: what stands here is `SECRET`."""
    if isinstance(value, dict):
        return SECRET if set(value) == {"secure"} else {key: _without_secrets(item) for key, item in value.items()}
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value
