"""The live tree."""

from __future__ import annotations

import io
import time

from rich.console import Console

from mlctl.workflow.engine.node import Node, NodeKind, Phase
from mlctl.workflow.view.live import LiveView
from mlctl.workflow.view.words import memory, seconds


def view() -> tuple[LiveView, Console]:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    return LiveView(logs=False, ask=None, console=console), console


def drawn(shown: LiveView, console: Console) -> list[str]:
    with console.capture() as captured:
        console.print(shown.drawn())
    return captured.get().splitlines()


def node(name: str, parent: Node | None, phase: Phase, kind: NodeKind = NodeKind.POD) -> Node:
    now = time.time()
    return Node(name, name, kind, "t", name, parent, phase, started=now, finished=now + 2, peak_memory=3 * 2**20)


def test_a_step_stands_under_its_parents_with_time_and_memory() -> None:
    shown, console = view()
    root = node("root", None, Phase.RUNNING, NodeKind.DAG)
    leaf = node("leaf", root, Phase.SUCCEEDED)
    shown.started(leaf)
    shown.ended(leaf)
    lines = drawn(shown, console)
    assert lines[0].startswith("● root")
    assert lines[1].startswith("  ✔ leaf  2.0s  3 MiB")
    assert "✔ 1 Succeeded" in lines[2]


def test_ten_thousand_steps_take_one_screen() -> None:
    shown, console = view()
    root = node("root", None, Phase.RUNNING, NodeKind.STEPS)
    steps = [node(f"s{number}", root, Phase.SUCCEEDED) for number in range(10_000)]
    for step in steps:
        shown.started(step)
    for step in steps[:9_000]:
        shown.ended(step)
    lines = drawn(shown, console)
    assert len(lines) <= 25
    assert "✔ 9000 Succeeded" in lines[-1]
    assert any("more to run" in line for line in lines)


def test_failures_stay_on_the_screen() -> None:
    shown, console = view()
    bad = node("bad", None, Phase.FAILED)
    shown.ended(bad)
    for number in range(100):
        shown.ended(node(f"good{number}", None, Phase.SUCCEEDED))
    assert any("✖ bad" in line for line in drawn(shown, console))


def test_words() -> None:
    assert [seconds(value) for value in (0.24, 12.4, 185, 3725)] == ["0.2s", "12s", "3m05s", "1h02m"]
    assert [memory(size) for size in (3 * 2**20, 3 * 2**29)] == ["3 MiB", "1.5 GiB"]
