"""Search parameters with Optuna: a fixed number of trials, pruned fold by fold, the same on every engine.

Trials are asked for four at a time whatever the engine, so one process and a cluster walk the same path.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ml.errors import InputError
from ml.evaluation.metrics import METRICS
from ml.spec_data import Value
from ml.spec_rules import Parameter, Training
from ml.training.engine import Engine, Job, Problem

if TYPE_CHECKING:
    import optuna

SIDE_BY_SIDE = 4
UNPRUNED = 4  # trials that always run to the end


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What the search found.

    Attributes
    ----------
    parameters
        The best parameters, with the fixed ones.
    value
        Their mean metric over the folds.
    trials
        (number, state, value or None, parameters) of every trial, in order.
    """

    parameters: dict[str, Value]
    value: float
    trials: tuple[dict[str, Any], ...]


def search(training: Training, problem: Problem, engine: Engine, *, trials: int | None = None) -> SearchResult:
    """Return the best parameters within the budget; with an empty search space, the fixed ones are judged once."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    higher = METRICS[problem.metric].direction == "at_least"
    study = optuna.create_study(
        direction="maximize" if higher else "minimize",
        sampler=optuna.samplers.TPESampler(seed=problem.seed, n_startup_trials=SIDE_BY_SIDE),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED),
    )
    budget = (training.trials if trials is None else trials) if training.search else 1
    while len(study.trials) < budget:
        batch = [study.ask() for _ in range(min(SIDE_BY_SIDE, budget - len(study.trials)))]
        _run_batch(study, batch, training, problem, engine)
    if not study.get_trials(states=(optuna.trial.TrialState.COMPLETE,)):
        raise InputError(f"{problem.metric} is not defined on any fold", key="training.metric")
    best = study.best_trial
    return SearchResult(
        parameters={**training.fixed, **best.params},
        value=float(best.value or 0.0),
        trials=tuple(
            {"number": trial.number, "state": trial.state.name.lower(), "value": trial.value, "parameters": trial.params}
            for trial in study.trials
        ),
    )


def _run_batch(study: optuna.Study, batch: list[optuna.Trial], training: Training, problem: Problem, engine: Engine) -> None:
    from optuna.trial import TrialState

    chosen = {trial.number: {**training.fixed, **_suggest(trial, training.search)} for trial in batch}
    folds: dict[int, list[float]] = {trial.number: [] for trial in batch}
    live = list(batch)
    for fold in range(training.folds):
        scores = engine.scores(problem, [Job(parameters=chosen[trial.number], fold=fold) for trial in live])
        for trial, score in zip(list(live), scores, strict=True):
            folds[trial.number].append(score)
            mean = sum(folds[trial.number]) / len(folds[trial.number])
            if math.isnan(mean):
                study.tell(trial, state=TrialState.FAIL)
                live.remove(trial)
                continue
            trial.report(mean, fold)
            if fold + 1 < training.folds and trial.should_prune():
                study.tell(trial, state=TrialState.PRUNED)
                live.remove(trial)
    for trial in live:
        study.tell(trial, sum(folds[trial.number]) / training.folds)


def _suggest(trial: optuna.Trial, space: Mapping[str, Parameter]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, parameter in space.items():
        if parameter.choices:
            values[name] = trial.suggest_categorical(name, list(parameter.choices))  # type: ignore[assignment]
        elif parameter.integer:
            values[name] = trial.suggest_int(name, int(parameter.low or 0), int(parameter.high or 0), log=parameter.log)
        else:
            values[name] = trial.suggest_float(name, parameter.low or 0.0, parameter.high or 0.0, log=parameter.log)
    return values
