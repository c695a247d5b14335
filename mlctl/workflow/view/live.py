"""The live tree of a run on a terminal.

It is drawn at most ten times a second and never shows more than fits: steps that run, those that failed, and the latest that
ended; the rest is counted. What it costs does not grow with the number of steps.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from mlctl.workflow.engine.node import Node, NodeKind, Phase
from mlctl.workflow.engine.watch import Watcher
from mlctl.workflow.local import Ended
from mlctl.workflow.view.words import memory, seconds, sign

_COLORS = {
    Phase.RUNNING: "cyan", Phase.SUCCEEDED: "green", Phase.FAILED: "red", Phase.ERROR: "red",
    Phase.SKIPPED: "dim", Phase.OMITTED: "dim", Phase.PENDING: "dim",
}  # fmt: skip
_LEAVES = (NodeKind.POD, NodeKind.SUSPEND, NodeKind.SKIPPED)
_MOST_ROWS = 24


class LiveView:
    """Shows the tree below the steps' own lines."""

    def __init__(self, *, logs: bool, ask: Callable[[str], Awaitable[bool]] | None, console: Console | None = None) -> None:
        self._console = console or Console()
        self._logs = logs
        self._running: dict[Node, None] = {}
        self._lately: deque[Node] = deque(maxlen=6)
        self._failed: deque[Node] = deque(maxlen=6)
        self._counts: Counter[Phase] = Counter()
        self._begun = time.time()
        self._live: Live | None = None
        self._person = ask
        self.ask: Callable[[str], Awaitable[bool]] | None = self._ask if ask else None

    def show(self, run: Callable[[Watcher], Ended]) -> Ended:
        """Carry out `run` with the tree on the screen."""
        with Live(console=self._console, get_renderable=self.drawn, refresh_per_second=10, transient=False) as self._live:
            return run(self)

    async def _ask(self, name: str) -> bool:
        assert self._live is not None and self._person is not None
        self._live.stop()
        try:
            return await self._person(name)
        finally:
            self._live.start()

    def started(self, node: Node) -> None:
        """Add a node to those that run."""
        if node.kind in _LEAVES:
            self._running[node] = None

    def ended(self, node: Node) -> None:
        """Take a node from those that run."""
        if node.kind not in _LEAVES:
            return
        self._running.pop(node, None)
        self._counts[node.phase] += 1
        (self._failed if node.phase.bad else self._lately).append(node)

    def line(self, node: Node, stream: str, text: str) -> None:
        """Write a step's line above the tree."""
        if self._logs:
            self._console.print(Text(f"{node.display}: ", style="dim") + Text(text), soft_wrap=True)

    def note(self, text: str) -> None:
        """Write a note above the tree."""
        self._console.print(Text(f"note: {text}", style="yellow"), soft_wrap=True)

    def drawn(self) -> RenderableType:
        """What is on the screen now."""
        head = Text(f"{seconds(time.time() - self._begun)}  ", style="bold")
        for phase, count in sorted(self._counts.items()):
            head += Text(f"{sign(phase)} {count} {phase}  ", style=_COLORS[phase])
        running = list(self._running)
        active = [node for node in running if node.started][: _MOST_ROWS - 12]
        rows = [*self._failed, *self._lately, *active]
        lines = _with_ancestors(rows)
        if len(running) > len(active):
            lines.append(Text(f"… and {len(running) - len(active)} more to run", style="dim"))
        return Group(*lines[-_MOST_ROWS:], head)


def _with_ancestors(nodes: list[Node]) -> list[Text]:
    """The nodes under the nodes they belong to, each of those once."""
    lines: list[Text] = []
    drawn: set[int] = set()
    for node in sorted(nodes, key=_path):
        above: list[Node] = []
        parent = node.parent
        while parent is not None:
            above.append(parent)
            parent = parent.parent
        for depth, ancestor in enumerate(reversed(above)):
            if id(ancestor) not in drawn:
                drawn.add(id(ancestor))
                lines.append(_row(ancestor, depth))
        lines.append(_row(node, len(above)))
    return lines


def _path(node: Node) -> list[float]:
    path: list[float] = []
    current: Node | None = node
    while current is not None:
        path.append(current.started)
        current = current.parent
    return path[::-1]


def _row(node: Node, depth: int) -> Text:
    took = seconds(node.seconds if node.finished else time.time() - node.started)
    facts = took + (f"  {memory(node.peak_memory)}" if node.peak_memory else "")
    row = Text("  " * depth) + Text(f"{sign(node.phase)} {node.display}", style=_COLORS[node.phase])
    return row + Text(f"  {facts}  {node.message}", style="dim")
