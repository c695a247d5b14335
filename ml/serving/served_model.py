"""What MLflow's scoring server runs: ``/invocations`` with any of MLflow's input forms, rows in, decisions out.

Response, one object per row of the request, in its order::

    {"predictions": [
      {"row": 0, "decision_id": "…", "score": 0.31, "decision": "declined", "reasons": [{"feature": "income", "text": "…"}], "error": null},
      {"row": 1, "decision_id": null, "score": null, "decision": null, "reasons": [], "error": "income: 'x' is not a number"}]}

A row that breaks the contract gets its ``error``, the others are answered. A request of which no row can be answered, or that
lacks a column or has one nobody knows, is answered with status 400 and what is wrong. Columns of the contract that the model does
not use may be sent and are not looked at. A decision that cannot be logged is not given: status 503.

With DECISION_LOG set to a folder, decisions are logged there (see `scored_rows` for what is kept), and DECISION_KEY or
DECISION_KEY_FILE must hold the secret that codes people's names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.errors import InputError, ServiceError
from ml.serving.decision_log import DecisionLog
from ml.serving.pseudonym import KEY, Pseudonyms, from_environment
from ml.serving.request_check import CheckedRequest, check_request
from ml.serving.scored_rows import companion_columns, identities, table_columns
from ml.serving.scorer import Scored, Scorer, load_scorer

if TYPE_CHECKING:
    import pandas as pd

LOG = "DECISION_LOG"
SHOWN_ERRORS = 20


class ServedModel:
    """Checks, scores, explains and logs the rows of a request."""

    def __init__(
        self,
        scorer: Scorer,
        *,
        log: DecisionLog | None = None,
        codes: Pseudonyms | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._scorer = scorer
        self._log = log
        self._codes = codes
        self._clock = clock
        self._artefact = scorer.artefact.digest

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Answer a request; see the module for the form of the answer.

        Raises
        ------
        MlflowException
            Status 400: no row can be answered. Status 503: the decision cannot be logged.
        """
        del params  # MLflow passes it to every model; this one has none
        from ml.serving.refusal import refusal, unavailable

        try:
            return self.answer(_frame(data))
        except InputError as error:
            raise refusal(str(error)) from None
        except ServiceError as error:
            raise unavailable(str(error)) from None

    def answer(self, frame: pd.DataFrame) -> list[dict[str, Any]]:
        """Answer a request, with our own errors."""
        inputs, beside = _split(self._scorer, frame)
        checked = check_request(self._scorer.contract, inputs)
        if not checked.good.size:
            self._log_refused(checked)
            raise InputError(_all_bad(checked))
        scored = self._scorer.score(checked.feed)
        beside = beside.iloc[checked.good]
        ids, keys = identities(self._scorer.spec, beside, self._codes)
        if self._log is not None:
            columns = table_columns(self._scorer.spec, scored, beside, ids, keys)
            self._log.append(self._decision_lines(columns, len(ids)) + self._refused_lines(checked))
        return _response(len(frame), checked, scored, ids)

    def _decision_lines(self, columns: dict[str, Any], rows: int) -> list[dict[str, Any]]:
        fixed = {"decided_at": self._clock().isoformat(), "artefact": self._artefact}
        plain = {name: [_plain(value) for value in values] for name, values in columns.items()}
        return [fixed | {name: values[row] for name, values in plain.items()} for row in range(rows)]

    def _refused_lines(self, checked: CheckedRequest) -> list[dict[str, Any]]:
        """Name the columns that were wrong, without their values, which may be personal."""
        now = self._clock().isoformat()
        return [{"decided_at": now, "columns": wrong_columns(error, self._scorer.contract.columns)} for error in checked.errors.values()]

    def _log_refused(self, checked: CheckedRequest) -> None:
        if self._log is not None:
            self._log.append(self._refused_lines(checked))


def _load_pyfunc(path: str) -> ServedModel:
    """Open the artefact; MLflow calls this when the server starts."""
    scorer = load_scorer(path)
    scorer.prepare()
    folder = os.environ.get(LOG)
    codes = from_environment()
    if folder and codes is None:
        raise InputError(
            f"{LOG} is set, but no key to code people's names with",
            key=KEY,
            remedy=f"set {KEY} or {KEY}_FILE to a secret of at least 16 bytes",
        )
    return ServedModel(scorer, log=DecisionLog(Path(folder)) if folder else None, codes=codes)


def _frame(data: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, dict):
        columns = {str(name): np.asarray(values) for name, values in data.items()}
        lengths = {values.shape[0] if values.ndim else 0 for values in columns.values()}
        if len(lengths) == 1 and 0 not in lengths and all(values.size == values.shape[0] for values in columns.values()):
            return pd.DataFrame({name: values.reshape(-1) for name, values in columns.items()})
    raise InputError("rows need named columns", allowed="dataframe_records, dataframe_split, instances or inputs with names")


def _split(scorer: Scorer, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (the model's inputs, the columns beside them); other columns of the contract are left out."""
    if not len(frame):
        raise InputError("the request has no rows")
    inputs = scorer.contract.columns
    beside = [name for name in companion_columns(scorer.spec) if name in frame.columns]
    known = scorer.spec.contract.columns
    kept = [name for name in frame.columns if name in inputs or name not in known]
    return frame[kept], frame[beside]


def _response(rows: int, checked: CheckedRequest, scored: Scored, ids: list[str]) -> list[dict[str, Any]]:
    answered = {int(row): index for index, row in enumerate(checked.good)}
    return [_answered(row, answered[row], scored, ids) if row in answered else _refused(row, checked.errors[row]) for row in range(rows)]


def _answered(row: int, index: int, scored: Scored, ids: list[str]) -> dict[str, Any]:
    return {
        "row": row,
        "decision_id": ids[index],
        "score": float(scored.scores[index]),
        "decision": scored.decisions[index],
        "reasons": [{"feature": reason.feature, "text": reason.text} for reason in scored.reasons[index]],
        "error": None,
    }


def _refused(row: int, error: str) -> dict[str, Any]:
    return {"row": row, "decision_id": None, "score": None, "decision": None, "reasons": [], "error": error}


def _all_bad(checked: CheckedRequest) -> str:
    shown = [f"row {row}: {error}" for row, error in sorted(checked.errors.items())[:SHOWN_ERRORS]]
    more = len(checked.errors) - len(shown)
    return "no row can be scored; " + " | ".join(shown) + (f" | and {more} more" if more > 0 else "")


def wrong_columns(error: str, known: Iterable[str]) -> str:
    """Return which of the known columns an error names; its values, which may be personal, can say anything."""
    return ", ".join(sorted(name for name in known if f"; {name}:" in f"; {error}"))


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value
