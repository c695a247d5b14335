"""Where fits run: in this process, or on a Ray cluster. Both give the same figures in the same order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ml.errors import InputError, ServiceError
from ml.evaluation.metrics import METRICS
from ml.training.algorithms import Classifier, fit, score

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What every fit of one search shares."""

    algorithm: str
    metric: str
    threshold: float
    seed: int
    matrix: Array
    outcome: Array
    folds: Array


@dataclass(frozen=True, kw_only=True)
class Job:
    """One fit: these parameters, judged on this fold."""

    parameters: dict[str, Any]
    fold: int


class Engine(Protocol):
    """Something that can run fits."""

    def scores(self, problem: Problem, jobs: Sequence[Job]) -> list[float]:
        """Return the metric of every job on its fold, in the jobs' order."""

    def fit(self, problem: Problem, parameters: dict[str, Any]) -> Classifier:
        """Return a model fitted on all rows."""


def fold_score(problem: Problem, job: Job) -> float:
    """Fit on the other folds and return the metric on the job's fold."""
    inside = problem.folds != job.fold
    model = fit(problem.algorithm, job.parameters, problem.seed, problem.matrix[inside], problem.outcome[inside])
    given = score(model, problem.matrix[~inside])
    return METRICS[problem.metric].compute(problem.outcome[~inside], given, problem.threshold)


def fit_all(problem: Problem, parameters: dict[str, Any]) -> Classifier:
    """Fit on all rows."""
    return fit(problem.algorithm, parameters, problem.seed, problem.matrix, problem.outcome)


class LocalEngine:
    """Fits one after the other in this process."""

    def scores(self, problem: Problem, jobs: Sequence[Job]) -> list[float]:
        """Return the metric of every job on its fold."""
        return [fold_score(problem, job) for job in jobs]

    def fit(self, problem: Problem, parameters: dict[str, Any]) -> Classifier:
        """Return a model fitted on all rows."""
        return fit_all(problem, parameters)


class RayEngine:
    """Fits side by side on a Ray cluster; the data is shipped to it once."""

    def __init__(self) -> None:
        self._shipped: tuple[int, Any] | None = None

    def scores(self, problem: Problem, jobs: Sequence[Job]) -> list[float]:
        """Return the metric of every job on its fold."""
        import ray

        remote = ray.remote(num_cpus=1, max_retries=3)(fold_score)
        data = self._ship(problem)
        return [float(score) for score in self._get([remote.remote(data, job) for job in jobs])]

    def fit(self, problem: Problem, parameters: dict[str, Any]) -> Classifier:
        """Return a model fitted on all rows."""
        import ray

        remote = ray.remote(num_cpus=1, max_retries=3)(fit_all)
        model: Classifier = self._get([remote.remote(self._ship(problem), parameters)])[0]
        return model

    def _ship(self, problem: Problem) -> Any:
        import ray

        if self._shipped is None or self._shipped[0] != id(problem):
            self._shipped = (id(problem), ray.put(problem))
        return self._shipped[1]

    def _get(self, references: list[Any]) -> list[Any]:
        import ray

        try:
            results: list[Any] = ray.get(references)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, InputError):
                raise error.cause from None
            raise ServiceError(f"a Ray task failed: {error.cause}") from error
        except ray.exceptions.RayError as error:
            raise ServiceError(f"Ray failed: {str(error).splitlines()[0]}", remedy="look at the cluster's log") from error
        return results


@contextmanager
def engine(name: str) -> Iterator[Engine]:
    """Give the engine of this name; `ray` joins the cluster at RAY_ADDRESS, or starts one on this machine.

    Raises
    ------
    ServiceError
        The cluster cannot be reached.
    """
    if name == "local":
        yield LocalEngine()
        return
    if name != "ray":
        raise InputError(f"unknown engine {name!r}", key="training.engine", allowed="local, ray")
    import ray

    address = os.environ.get("RAY_ADDRESS")
    ours = not ray.is_initialized()
    try:
        if ours:
            ray.init(address=address, include_dashboard=None if address else False, log_to_driver=False)
    except (ConnectionError, RuntimeError, TimeoutError) as error:
        remedy = "check RAY_ADDRESS and the RayCluster" if address else None
        raise ServiceError(f"cannot reach Ray: {str(error).splitlines()[0]}", remedy=remedy) from error
    try:
        yield RayEngine()
    finally:
        if ours:
            ray.shutdown()
