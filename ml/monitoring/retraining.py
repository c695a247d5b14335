"""When to retrain: enough of the last windows drifted. One bad window is noise, two of five are news."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ml.monitoring.verdict import Verdict
from ml.monitoring.window import Window


@dataclass(frozen=True, kw_only=True)
class JudgedWindow:
    """What one window came to."""

    window: Window
    verdict: Verdict
    drifted: tuple[str, ...] = ()
    """``metric:feature`` of everything that drifted."""
    values: dict[str, float] = field(default_factory=dict)
    """``metric:feature`` to the value of everything that was evaluated, for drawing drift over time."""
    version: str | None = None
    """Registry version of the model that served when it was first judged; None where nobody said."""
    retrained: bool = False
    """Whether retraining was asked for after it."""


@dataclass(frozen=True, kw_only=True)
class RetrainDecision:
    """Whether to retrain now, and why."""

    retrain: bool
    reason: str
    violated: tuple[str, ...]
    """Names of the windows that count against the model."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"retrain": self.retrain, "reason": self.reason, "violated": list(self.violated)}


def has_outcomes(judged: JudgedWindow) -> bool:
    """Say whether a window was judged by its outcomes, too."""
    return any(_of_outcomes(name) for name in judged.values)


def decide(history: list[JudgedWindow], *, violated: int, windows: int, version: str | None = None) -> RetrainDecision:
    """Apply the rule of the model file to the windows judged so far.

    The rule is asked twice: of the last windows, by everything that was judged; and of the last windows whose outcomes are known, by
    those outcomes. With outcomes that come two months late the second are never among the first.

    Windows that could not be evaluated are passed over: they count neither for nor against. A window judged twice counts once, with
    its latest verdict. One drift causes one retraining: windows that another version served do not count, nor do those up to the last
    one after which retraining was asked for. Where nothing came of that (it was refused, or still waits for its merge), it is asked
    for again once as many further windows have drifted.

    Parameters
    ----------
    history
        Judged windows, in any order; of two with the same dates the later one in the list counts.
    violated, windows
        Retrain when `violated` of the last `windows` evaluated windows drifted.
    version
        The one that serves now; None: all windows count.
    """
    latest = {judged.window: judged for judged in history}
    asked = max((judged.window.end for judged in history if judged.retrained), default=None)
    counted = [
        judged
        for _, judged in sorted(latest.items())
        if judged.verdict is not Verdict.NOT_EVALUATED
        and (asked is None or judged.window.start >= asked)
        and (version is None or judged.version in (None, version))
    ]
    with_outcomes = [_by_outcomes(judged) for judged in counted if has_outcomes(judged)]
    recent = _rule(counted[-windows:], violated, windows, "evaluated windows")
    late = _rule(with_outcomes[-windows:], violated, windows, "windows with known outcomes")
    return late if late.retrain and not recent.retrain else recent


def _rule(counted: list[JudgedWindow], violated: int, windows: int, what: str) -> RetrainDecision:
    bad = [judged for judged in counted if judged.verdict is Verdict.DRIFT]
    causes = sorted({cause for judged in bad for cause in judged.drifted})
    said = f"{len(bad)} of the last {len(counted)} {what} drifted; the rule is {violated} of {windows}"
    if causes:
        said += f" ({', '.join(causes)})"
    return RetrainDecision(retrain=len(bad) >= violated, reason=said, violated=tuple(judged.window.name for judged in bad))


def _by_outcomes(judged: JudgedWindow) -> JudgedWindow:
    drifted = tuple(cause for cause in judged.drifted if _of_outcomes(cause))
    return replace(judged, drifted=drifted, verdict=Verdict.DRIFT if drifted else Verdict.OK)


def _of_outcomes(name: str) -> bool:
    return name.startswith(("performance:", "calibration:"))
