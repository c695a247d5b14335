"""The three values of a monitoring verdict."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What one metric, one window or one report says."""

    OK = "ok"
    DRIFT = "drift"
    NOT_EVALUATED = "not_evaluated"


def worst(verdicts: list[Verdict]) -> Verdict:
    """Summarise: drift if anything drifted, ok if anything was judged and nothing drifted, else not evaluated."""
    if Verdict.DRIFT in verdicts:
        return Verdict.DRIFT
    return Verdict.OK if Verdict.OK in verdicts else Verdict.NOT_EVALUATED
