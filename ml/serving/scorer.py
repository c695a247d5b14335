"""Score checked rows: the score, the decision, and for adverse decisions the reasons."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.contracts.table import TableContract, request_contract
from ml.explanation.reasons import Reason, is_adverse, reasons
from ml.features.compute import is_category
from ml.serving.artefact import ONNX, Artefact, find_artefact, load_artefact
from ml.serving.export import SCORE
from ml.serving.preprocessing_graph import MATRIX, NUMBERS, number_features
from ml.serving.request_check import Feed
from ml.serving.session import Session
from ml.spec import ModelSpec

if TYPE_CHECKING:
    from ml.explanation.explainer import Explainer


THREADS_HELP_FROM = 64
"""Rows below which starting threads takes longer than the explanation itself."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """What the model says about some rows, row by row."""

    scores: NDArray[np.float64]
    decisions: list[str]
    reasons: list[tuple[Reason, ...]]
    features: dict[str, NDArray[Any]]
    """The model's inputs: numbers as float64, categories as text or none."""


class Scorer:
    """A verified artefact, ready to score."""

    def __init__(self, artefact: Artefact, *, threads: int = 1) -> None:
        self.artefact = artefact
        self.spec: ModelSpec = artefact.spec
        self.contract: TableContract = request_contract(artefact.spec)
        self._session = Session(artefact.folder / ONNX, threads=threads)
        self._explain: Callable[[], Explainer] = _explainer_of(artefact)
        self._explainer: Explainer | None = None

    def prepare(self) -> None:
        """Load what explains decisions now, rather than at the first adverse one."""
        if self._explainer is None:
            self._explainer = self._explain()

    def score(self, feed: Feed) -> Scored:
        """Score checked rows."""
        found = self._session.run(feed)
        scores = np.asarray(found[SCORE], dtype=np.float64)
        decision = self.spec.decision
        adverse = is_adverse(self.spec, scores)
        words = np.where(adverse, decision.adverse_word, decision.favourable_word)
        return Scored(
            scores=scores,
            decisions=[str(word) for word in words],
            reasons=self._reasons(found[MATRIX], scores, adverse),
            features=_features(self.spec, feed, found.get(NUMBERS)),
        )

    def _reasons(self, matrix: NDArray[np.float32], scores: NDArray[np.float64], adverse: NDArray[np.bool_]) -> list[tuple[Reason, ...]]:
        found: list[tuple[Reason, ...]] = [()] * scores.size
        rows = np.flatnonzero(adverse)
        if not rows.size:
            return found
        self.prepare()
        assert self._explainer is not None
        with one_thread() if rows.size < THREADS_HELP_FROM else nullcontext():
            contributions = self._explainer.contributions(matrix[rows])
        told = reasons(self.spec, contributions, scores[rows])
        for row, reason in zip(rows, told, strict=True):
            found[int(row)] = reason
        return found


def load_scorer(folder: str | Path, *, threads: int = 1) -> Scorer:
    """Open an artefact, or the MLflow model that holds one.

    Raises
    ------
    InputError
        A file is missing or corrupted.
    """
    return Scorer(load_artefact(find_artefact(Path(folder))), threads=threads)


def one_thread() -> AbstractContextManager[object]:
    """Keep numerical libraries to one thread for a while."""
    limited: AbstractContextManager[object] = _thread_controller().limit(limits=1)
    return limited


@lru_cache(maxsize=1)
def _thread_controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _explainer_of(artefact: Artefact) -> Callable[[], Explainer]:
    def load() -> Explainer:
        import pandas as pd

        from ml.explanation.explainer import load_explainer
        from ml.features.encode import encode
        from ml.training.bundle import BACKGROUND, load_bundle

        background = pd.read_parquet(artefact.folder / BACKGROUND)[list(artefact.spec.features)]
        matrix = encode(artefact.spec, background)
        return load_explainer(artefact.spec, load_bundle(artefact.folder), matrix)

    return load


def _features(spec: ModelSpec, feed: Feed, numbers: NDArray[np.float64] | None) -> dict[str, NDArray[Any]]:
    positions = {name: index for index, name in enumerate(number_features(spec))}
    found: dict[str, NDArray[Any]] = {}
    for name, feature in spec.features.items():
        if is_category(spec, name):
            text = feed[feature.source[0]][:, 0]
            found[name] = np.array([value or None for value in text], dtype=object)
        else:
            assert numbers is not None
            found[name] = numbers[:, positions[name]]
    return found
