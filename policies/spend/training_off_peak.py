"""Training that can wait starts when instances are cheap."""

from __future__ import annotations

from collections.abc import Iterator

from mlctl.finding import Severity
from policies.rule import stack_rule
from policies.stack import Stack


@stack_rule(
    id="spend-training-off-peak",
    title="Scheduled training starts off-peak",
    severity=Severity.LOW,
    types=(),
    stack="finops",
    why="Spot is cheaper and less often interrupted at night, and serving keeps its room by day.",
    remediation="Set schedules.training_window and a schedules.training within it.",
    allowed={"schedules": {"training_window": "22:00-06:00", "training": "0 2 * * 0"}},
    disallowed={"schedules": {"training_window": None, "training": "0 2 * * 0"}},
)
def training_off_peak(stack: Stack) -> Iterator[str]:
    window, hour = stack.settings.schedules["training_window"], str(stack.settings.schedules["training"]).split()[1]
    if window is None:
        yield "schedules.training_window is not set"
    elif not hour.isdigit() or not _within(int(hour), window):
        yield f"training starts at hour {hour}, outside {window}"


def _within(hour: int, window: str) -> bool:
    start, end = (int(part.split(":")[0]) for part in window.split("-"))
    return start <= hour < end if start < end else hour >= start or hour < end
