"""Which windows are due: those that ended since the last look, and those whose outcomes are known by now.

Windows have the length the model file says and lie side by side from midnight of 1 January 1970, UTC. So runs that come late, early or
twice judge the same windows, none is left out between two runs, and none is counted twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ml.monitoring.history import read_history
from ml.monitoring.retraining import has_outcomes
from ml.monitoring.window import Window
from ml.spec import ModelSpec

START = datetime(1970, 1, 1, tzinfo=UTC)


def due_windows(spec: ModelSpec, *, now: datetime, history: Path | None = None) -> list[Window]:
    """Return the windows to judge, oldest first.

    The windows that ended since the newest judged one, at most as many as the retraining rule looks at; without a history, the last one.
    And, where outcomes come late (`monitoring.outcome_days`), as many windows of that long ago, if they were judged without outcomes:
    the second verdict replaces the first.
    """
    length = timedelta(hours=spec.monitoring.window_hours)
    judged = read_history(history, spec.name) if history else []
    last = _last_ended(now, length)
    most = spec.retraining.windows
    newest = max((item.window.end for item in judged), default=last - length)
    found = {_before(last, count, length) for count in range(most) if _before(last, count, length).start >= newest}
    if spec.monitoring.outcome_days:
        known = _last_ended(now - timedelta(days=spec.monitoring.outcome_days), length)
        waiting = {item.window for item in judged if not has_outcomes(item)}
        found |= {window for count in range(most) if (window := _before(known, count, length)) in waiting}
    return sorted(found)


def _last_ended(now: datetime, length: timedelta) -> datetime:
    return START + (now - START) // length * length


def _before(end: datetime, count: int, length: timedelta) -> Window:
    return Window(end - (count + 1) * length, end - count * length)
