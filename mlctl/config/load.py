"""From environments/<name>.yaml to a typed `Environment`, with errors a person can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from mlctl.config.environment import Environment
from mlctl.config.yaml_file import Location, YamlFile, read_yaml
from mlctl.errors import InputError


def load_environment(path: str | Path) -> Environment:
    """Read and check one environment file.

    Raises
    ------
    InputError
        With file, line, key, what is wrong and what is allowed; the first problem in the order of the file, and how many more there are.
    """
    source = read_yaml(path)
    try:
        environment = Environment.model_validate(source.value)
    except ValidationError as error:
        raise _first_problem(error, source) from None
    if environment.name != source.path.stem:
        raise InputError(
            f"is {environment.name!r} but the file is named {source.path.name}",
            file=path,
            line=source.line(("name",)),
            key="name",
            remedy="make the two equal",
        )
    return environment


def load_environments(folder: str | Path, names: Iterable[str] = ()) -> list[Environment]:
    """The named environments, or all of the folder in the order development, staging, production."""
    folder = Path(folder)
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if not known:
        raise InputError("holds no environment", file=folder, remedy="add environments/dev.yaml")
    wanted = list(names) or known
    for name in wanted:
        if name not in known:
            raise InputError(f"there is no environment {name!r}", file=folder, allowed=", ".join(known), remedy=_nearest(name, known))
    environments = [load_environment(folder / f"{name}.yaml") for name in wanted]
    order = ["development", "staging", "production"]
    return sorted(environments, key=lambda environment: (order.index(environment.tier), environment.name))


def _first_problem(error: ValidationError, source: YamlFile) -> InputError:
    problems = sorted(error.errors(include_url=False), key=lambda problem: source.line(_location(problem["loc"], source)))
    first = problems[0]
    location = _location(first["loc"], source)
    problem, allowed, remedy = _explain(first, location)
    if len(problems) > 1:
        remedy = f"{remedy + '; ' if remedy else ''}{len(problems) - 1} more in this file"
    key = ".".join(str(part) for part in location) or None
    return InputError(problem, file=source.path, line=source.line(location), key=key, allowed=allowed, remedy=remedy)


def _location(loc: tuple[int | str, ...], source: YamlFile) -> Location:
    """pydantic adds names of its own (`[key]`, types of a union); keep what stands in the file, and a missing last key."""
    kept: list[str | int] = []
    value: Any = source.value
    part: Any
    for part in loc:
        inside = (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int) and part < len(value))
        if inside:
            value = value[part]
            kept.append(part)
        elif isinstance(value, dict) and part == loc[-1] and part != "[key]":
            kept.append(part)
    return tuple(kept)


def _explain(problem: Any, location: Location) -> tuple[str, str | None, str | None]:
    """(what is wrong, what is allowed, what to do)"""
    kind, context = problem["type"], problem.get("ctx", {})
    section = _section_at(location[:-1])
    if kind == "extra_forbidden":
        allowed = sorted(section.model_fields) if section else []
        return "unknown key", None, _nearest(str(location[-1]), allowed) or f"keys here: {', '.join(allowed)}"
    if kind == "missing":
        return "is missing", None, _describe(section, location) or "add it"
    if kind == "value_error":
        text = str(context["error"])
        text, _, allowed_text = text.partition("; allowed: ")
        return text, allowed_text or None, None
    if kind in ("literal_error", "enum"):
        return f"{problem['input']!r} is not allowed", str(context["expected"]), None
    message = problem["msg"][0].lower() + problem["msg"][1:]
    return f"{_short(problem['input'])}: {message}", None, _describe(section, location)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _describe(section: type[BaseModel] | None, location: Location) -> str | None:
    field = section.model_fields.get(str(location[-1])) if section and location else None
    return f"what it is: {' '.join(field.description.split())}" if field and field.description else None


def _nearest(word: str, known: Iterable[str]) -> str | None:
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean {found[0]}?" if found else None


def _section_at(location: Location) -> type[BaseModel] | None:
    """The model class of the mapping at a location."""
    current: Any = Environment
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(str(part))
            if field is None:
                return None
            current = field.annotation
        else:
            candidates = _arguments(current)
            current = candidates[-1] if candidates else None
        current = _unwrap(current)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _unwrap(annotation: Any) -> Any:
    """The model class inside `X | None`; containers stay."""
    if isinstance(annotation, type):
        return annotation
    for argument in get_args(annotation):
        if isinstance(argument, type) and issubclass(argument, BaseModel) and type(None) in get_args(annotation):
            return argument
    return annotation


@cache
def _arguments(annotation: Any) -> tuple[Any, ...]:
    return tuple(argument for argument in get_args(annotation) if argument is not Ellipsis)
