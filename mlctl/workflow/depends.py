"""`depends`: which outcomes of which tasks a DAG task waits for."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from mlctl.workflow.expression.error import ExpressionError

RESULTS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed")
_BY_DEFAULT = ("Succeeded", "Skipped", "Daemoned")
_TOKEN = re.compile(r"\s*(&&|\|\||[!()]|[A-Za-z0-9_-]+(?:\.[A-Za-z]+)?)")


@dataclass(frozen=True)
class Outcome:
    """`task.Result`; several results mean any of them."""

    task: str
    results: tuple[str, ...]


@dataclass(frozen=True)
class Not:
    """`!inner`."""

    inner: Depends


@dataclass(frozen=True)
class Both:
    """`left && right`."""

    left: Depends
    right: Depends


@dataclass(frozen=True)
class Either:
    """`left || right`."""

    left: Depends
    right: Depends


Depends = Outcome | Not | Both | Either


@functools.lru_cache(maxsize=4096)
def parse_depends(text: str) -> Depends:
    """The condition as a tree.

    Raises
    ------
    ExpressionError
        It is not a condition over tasks, or names a result there is not.
    """
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise ExpressionError(f"unexpected `{stripped[position:].strip()[:1]}`")
        tokens.append(match.group(1))
        position = match.end()
    reader = _Reader(tokens)
    tree = reader.either()
    if reader.left:
        raise ExpressionError(f"unexpected `{reader.left[0]}`")
    return tree


def all_of(tasks: list[str], continued: Callable[[str], tuple[str, ...]]) -> Depends | None:
    """`dependencies: [a, b]` as a condition; `continued` adds the results a task's `continueOn` lets pass."""
    tree: Depends | None = None
    for task in tasks:
        outcome = Outcome(task, (*_BY_DEFAULT, *continued(task)))
        tree = Both(tree, outcome) if tree else outcome
    return tree


def tasks_in(tree: Depends | None) -> list[str]:
    """The tasks a condition names, in order, once each."""
    if tree is None:
        return []
    if isinstance(tree, Outcome):
        return [tree.task]
    if isinstance(tree, Not):
        return tasks_in(tree.inner)
    return list(dict.fromkeys([*tasks_in(tree.left), *tasks_in(tree.right)]))


def satisfied(tree: Depends, results: Callable[[str], frozenset[str]]) -> bool:
    """Whether the condition holds, given the results that are true of each task."""
    if isinstance(tree, Outcome):
        return bool(results(tree.task).intersection(tree.results))
    if isinstance(tree, Not):
        return not satisfied(tree.inner, results)
    if isinstance(tree, Both):
        return satisfied(tree.left, results) and satisfied(tree.right, results)
    return satisfied(tree.left, results) or satisfied(tree.right, results)


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.left = tokens

    def _take(self, token: str) -> bool:
        if self.left and self.left[0] == token:
            self.left = self.left[1:]
            return True
        return False

    def either(self) -> Depends:
        tree = self._both()
        while self._take("||"):
            tree = Either(tree, self._both())
        return tree

    def _both(self) -> Depends:
        tree = self._one()
        while self._take("&&"):
            tree = Both(tree, self._one())
        return tree

    def _one(self) -> Depends:
        if self._take("!"):
            return Not(self._one())
        if self._take("("):
            tree = self.either()
            if not self._take(")"):
                raise ExpressionError("a `)` is missing")
            return tree
        if not self.left or self.left[0] in ("&&", "||", ")"):
            raise ExpressionError("a task is missing" + (f" before `{self.left[0]}`" if self.left else " at the end"))
        token, self.left = self.left[0], self.left[1:]
        task, dot, result = token.partition(".")
        if dot and result not in RESULTS:
            raise ExpressionError(f"`{result}` is not a result of a task; allowed: {', '.join(RESULTS)}")
        return Outcome(task, (result,) if dot else _BY_DEFAULT)
