"""Outcomes arrive late. Only those known by a given day may be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.source import batches, open_table
from ml.monitoring.window import Window

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """Scores of the rows whose outcome is known, and how many rows there were."""

    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    rows: int


def labelled(
    current: Path,
    labels: Path | None,
    *,
    window: Window,
    time_column: str,
    target: str,
    known_at: str,
    as_of: datetime,
) -> Labelled:
    """Join decisions of a window with the outcomes known by `as_of`.

    Parameters
    ----------
    current
        Scored rows. If `labels` is none, they carry the outcome themselves, in `target` and `known_at`, or there is none yet.
    labels
        A table of ``decision_id``, `target` and `known_at`. Of two outcomes of one decision the one known last counts.
    """
    if labels is None and not {target, known_at} <= set(open_table(current).schema.names):
        return Labelled(labels=np.empty(0, np.int64), scores=np.empty(0), rows=0)
    if labels is None:
        joined = _frame(current, ["score", target, known_at], window, time_column)
        rows = len(joined)
    else:
        scored = _frame(current, ["decision_id", "score"], window, time_column)
        rows = len(scored)
        outcomes = _known(_frame(labels, ["decision_id", target, known_at], None, None), target, known_at, as_of)
        outcomes = outcomes.sort_values(known_at, kind="stable").drop_duplicates("decision_id", keep="last")
        joined = scored.drop_duplicates("decision_id").merge(outcomes, on="decision_id", how="inner")
    known = _known(joined, target, known_at, as_of)
    known = known[known["score"].notna()]
    return Labelled(labels=known[target].to_numpy(dtype=np.int64), scores=known["score"].to_numpy(dtype=np.float64), rows=rows)


def _frame(path: Path, columns: list[str], window: Window | None, time_column: str | None) -> pd.DataFrame:
    import pandas as pd

    parts = [batch.to_pandas() for batch in batches(path, columns, window=window, time_column=time_column)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _known(frame: pd.DataFrame, target: str, known_at: str, as_of: datetime) -> pd.DataFrame:
    import pandas as pd

    times = pd.to_datetime(frame[known_at], utc=True)
    return frame[frame[target].notna() & times.notna() & (times <= pd.Timestamp(as_of))]
