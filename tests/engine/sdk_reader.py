"""A second reading of what a provider accepts, for comparison with the planner's: Pulumi's own, from the SDK's classes as they run.

The planner reads the SDK's source by its syntax tree. Here the classes are imported, and Pulumi's type machinery says what they take.
"""

from __future__ import annotations

import collections.abc
import enum
import importlib
import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from pulumi import _types

from mlctl.plan.model import UNKNOWN

Problem = tuple[str, str]
"""Path and kind: `("spec.replicas", "type")`."""

_FOLDERS = {"lambda": "lambda_", "index": ""}


def arguments_class(token: str) -> type[Any]:
    """`RepositoryArgs` of `aws:ecr/repository:Repository`; `PodInitArgs` of `kubernetes:core/v1:Pod`."""
    package, module, name = token.split(":")
    group, _, version = module.partition("/")
    short = group.split(".")[0]
    folder = _FOLDERS.get(group, group) if package == "aws" else f"{short}.{version}"
    path = f"pulumi_{package}.{folder}".rstrip(".")
    found = importlib.import_module(path)
    # A nested type of the same name takes the plain one: `BucketLoggingArgs` is a block of a bucket, `BucketLoggingInitArgs` the resource.
    return typing.cast(type[Any], getattr(found, f"{name}InitArgs", None) or getattr(found, f"{name}Args"))


def problems(token: str, inputs: Mapping[str, Any]) -> set[Problem]:
    """Every problem of the inputs. A value that is not known yet fits every type."""
    return set(_of_object(arguments_class(token), inputs, ""))


def _of_object(cls: type[Any], given: Mapping[str, Any], path: str) -> Iterator[Problem]:
    accepted = _types.input_type_types(cls)
    names = _types.input_type_py_to_pulumi_names(cls)
    parameters = inspect.signature(cls.__init__).parameters.values()
    required = {names[item.name] for item in parameters if item.kind is item.KEYWORD_ONLY and item.default is item.empty}
    for name in required - given.keys():
        yield _join(path, name), "missing"
    for name, value in given.items():
        if name not in accepted:
            yield _join(path, name), "misspelt"
        else:
            yield from _of_value(accepted[name], value, _join(path, name))


def _of_value(kind: Any, value: Any, path: str) -> list[Problem]:
    """The problems of the alternative that fits best: none, or nested ones rather than a wrong type."""
    if value == UNKNOWN:
        return []
    found = [list(_of_alternative(item, value, path)) for item in _alternatives(kind)]
    return min(found, key=lambda item: (bool(item), (path, "type") in item, len(item)))


def _alternatives(kind: Any) -> list[Any]:
    """`Input[T]` is T, an Awaitable or an Output; only T is ever on the wire."""
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return [kind]
    parts = [part for item in typing.get_args(kind) for part in _alternatives(item)]
    return [part for part in parts if part is not type(None) and typing.get_origin(part) not in (collections.abc.Awaitable, pulumi.Output)]


def _of_alternative(kind: Any, value: Any, path: str) -> Iterator[Problem]:
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        yield from [] if value in typing.get_args(kind) else [(path, "enum")]
    elif origin is collections.abc.Sequence:
        if not isinstance(value, list):
            yield path, "type"
            return
        for index, item in enumerate(value):
            yield from _of_value(typing.get_args(kind)[0], item, f"{path}[{index}]")
    elif origin is collections.abc.Mapping:
        if not isinstance(value, dict):
            yield path, "type"
            return
        for key, item in value.items():
            yield from _of_value(typing.get_args(kind)[1], item, _join(path, key))
    else:
        yield from _of_class(kind, value, path)


def _of_class(kind: Any, value: Any, path: str) -> Iterator[Problem]:
    if kind is Any or isinstance(kind, typing.TypeVar):
        return
    if _types.is_input_type(kind):
        yield from _of_object(kind, value, path) if isinstance(value, dict) else [(path, "type")]
    elif kind in (pulumi.Archive, pulumi.Asset):
        yield from [] if isinstance(value, dict) else [(path, "type")]
    elif issubclass(kind, enum.Enum):
        yield from [] if value in {item.value for item in kind} else [(path, "enum")]
    elif kind is float:
        yield from [] if isinstance(value, int | float) and not isinstance(value, bool) else [(path, "type")]
    elif kind in (str, bool):
        yield from [] if isinstance(value, kind) else [(path, "type")]
    elif kind is int:
        whole = isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
        yield from [] if whole else [(path, "type")]
    else:
        raise TypeError(f"{path}: a class not known: {kind}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
