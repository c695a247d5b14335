"""Runs a canary: asks for a step's figures again and again, and does what is decided, until the challenger has all traffic or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from mlctl.evidence.record import Verdict
from mlctl.promotion.canary import Action, Arm, Decision, Limits, Step, decide

Result = Literal["champion_replaced", "rolled_back", "no_traffic", "not_judged"]
_ENDS: dict[Action, Result] = {"roll_back": "rolled_back", "no_traffic": "no_traffic", "not_judged": "not_judged"}
"""What ends a canary before the challenger has taken over."""


class Traffic(Protocol):
    """Whoever splits requests between champion and challenger."""

    failed_for_callers: int | None
    """Requests that got no answer from either; None where only the callers know."""

    def split(self, percent: int) -> None:
        """Give the challenger this share from now on, and count anew."""

    def counts(self) -> tuple[Arm, Arm]:
        """(champion, challenger) since the last split. May send or await requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a canary ended."""

    result: Result
    steps: tuple[Step, ...]
    decision: Decision

    @property
    def verdict(self) -> Verdict:
        """Of the version. A challenger that took over while a question of its model's file had no answer has not passed."""
        if self.result == "rolled_back":
            return "fail"
        return "pass" if self.result == "champion_replaced" and not self.decision.unanswered else "not_evaluated"

    def figures(self) -> dict[str, Any]:
        """JSON for the evidence."""
        return {
            "result": self.result,
            "not_evaluated": list(self.decision.unanswered),
            "checks": [asdict(check) for check in self.decision.checks],
            "steps": [asdict(step) for step in self.steps],
        }


def run_canary(
    traffic: Traffic,
    shares: Sequence[int],
    limits: Limits,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[], None] = lambda: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Shift traffic step by step. Whatever ends it but success, an exception too, the champion has all traffic again.

    Parameters
    ----------
    clock
        Seconds; one that jumps back counts as standing still.
    pause
        Called between two looks.
    """
    steps: list[Step] = []
    finished = False
    try:
        for percent in shares:
            traffic.split(percent)
            tell(f"{percent} % to the challenger")
            decision = _watch(traffic, percent, steps, shares, limits, clock, pause)
            if decision.action in _ENDS:
                return Outcome(result=_ENDS[decision.action], steps=tuple(steps), decision=decision)
        finished = True
        return Outcome(result="champion_replaced", steps=tuple(steps), decision=decision)
    finally:
        if not finished:
            traffic.split(0)
            tell("all traffic back to the champion")


def _watch(
    traffic: Traffic,
    percent: int,
    steps: list[Step],
    shares: Sequence[int],
    limits: Limits,
    clock: Callable[[], float],
    pause: Callable[[], None],
) -> Decision:
    """Look until something is decided; the step's last figures are appended to `steps`."""
    seconds, last = 0.0, clock()
    while True:
        champion, challenger = traffic.counts()
        now = clock()
        seconds, last = seconds + max(0.0, now - last), now
        step = Step(percent=percent, champion=champion, challenger=challenger, seconds=seconds)
        decision = decide([*steps, step], shares, limits)
        if decision.action != "wait":
            steps.append(step)
            return decision
        pause()
