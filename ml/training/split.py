"""Split rows: the latest share is kept for evaluation, the rest is cut into folds for the search."""

from __future__ import annotations

from typing import Any

import numpy as np

from ml.errors import InputError
from ml.features.offline import FeatureTable
from ml.spec import ModelSpec

Array = np.ndarray[Any, np.dtype[Any]]


def split_by_time(spec: ModelSpec, table: FeatureTable) -> tuple[FeatureTable, FeatureTable]:
    """Return the earlier rows (to learn from) and the latest share (to be judged on), both with known outcomes.

    Raises
    ------
    InputError
        There are too few rows, or a part holds one class only.
    """
    known = table.labelled(spec)
    order = np.argsort(known.rows[spec.timestamp].to_numpy(), kind="stable")
    tested = round(len(order) * spec.training.test_share)
    learned = len(order) - tested
    least = 2 * spec.training.folds
    if learned < least or tested < 2:
        problem = f"{len(order)} rows with a known outcome are too few"
        raise InputError(problem, key=spec.target.column, allowed=f"at least {least} to learn from and 2 to test on")
    parts = known.take(order[:learned]), known.take(order[learned:])
    for name, part in zip(("earlier rows", "latest rows"), parts, strict=True):
        classes = np.unique(part.outcome(spec))
        if len(classes) < 2:
            problem = f"all {len(part.rows)} {name} have the outcome {classes[0]}; a model needs both"
            raise InputError(problem, key=spec.target.column, remedy="use more rows or a longer period")
    return parts


def fold_numbers(outcome: Array, folds: int, seed: int) -> Array:
    """Return the fold of every row; each fold has the same share of ones, up to one row.

    Raises
    ------
    InputError
        A class has fewer rows than there are folds.
    """
    random = np.random.default_rng(seed)
    numbers = np.empty(len(outcome), dtype=np.int64)
    for value in (0, 1):
        rows = np.flatnonzero(outcome == value)
        if len(rows) < folds:
            problem = f"{len(rows)} rows have the outcome {value}"
            raise InputError(problem, key="training.folds", allowed=f"at least {folds}, one per fold")
        numbers[random.permutation(rows)] = np.arange(len(rows)) % folds
    return numbers
