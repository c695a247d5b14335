"""Finds and fills in `{{variable}}` and `{{=expression}}`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.evaluate import evaluate
from mlctl.workflow.expression.functions import as_text
from mlctl.workflow.expression.namespace import ROOTS, Roots
from mlctl.workflow.scope import Scope

_TAG = re.compile(r"\{\{(=?)(.*?)\}\}", re.DOTALL)


@dataclass(frozen=True)
class Tag:
    """One `{{...}}`: its text without the brackets, and whether it is an expression."""

    text: str
    is_expression: bool


def tags_in(text: str) -> list[Tag]:
    """Every tag of a string."""
    return [Tag(found[2].strip(), found[1] == "=") for found in _TAG.finditer(text)]


def is_foreign(tag: str) -> bool:
    """Whether a tag is none of Argo's, but another language's, such as `{{ .Values.image }}`. It is left as it stands."""
    first = re.split(r"[^A-Za-z]", tag.strip(), maxsplit=1)[0]
    return first not in ROOTS


def strings_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every string inside nested mappings and lists, with where it stands."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings_in(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings_in(item, (*path, index))


def fill(value: Any, scope: Scope) -> Any:
    """A copy of `value` with every tag in every string replaced.

    Raises
    ------
    ExpressionError
        A variable has no value, or an expression fails.
    """
    if isinstance(value, str):
        return fill_text(value, scope)
    if isinstance(value, dict):
        return {key: fill(item, scope) for key, item in value.items()}
    return [fill(item, scope) for item in value] if isinstance(value, list) else value


def fill_text(text: str, scope: Scope) -> str:
    """`text` with every tag replaced that is one of Argo's."""
    if "{{" not in text:
        return text
    return _TAG.sub(lambda found: _expression(found[2].strip(), scope) if found[1] else _variable(found, scope), text)


def _variable(found: re.Match[str], scope: Scope) -> str:
    tag = found[2].strip()
    value = scope.get(tag)
    if isinstance(value, str):
        return value
    if is_foreign(tag):
        return found[0]
    raise ExpressionError(f"`{{{{{tag}}}}}` has no value here")


def _expression(text: str, scope: Scope) -> str:
    value = evaluate(text, Roots(scope))
    if value is None:
        raise ExpressionError(f"the expression `{text}` gives nil")
    return as_text(value)
