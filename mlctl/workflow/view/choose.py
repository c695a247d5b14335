"""Picks how a run is shown: a live tree on a terminal, plain lines elsewhere, nothing but JSON if that was asked for."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Protocol

from mlctl.workflow.engine.watch import Silent, Watcher
from mlctl.workflow.local import Ended
from mlctl.workflow.view.plain import PlainView


class Shown(Protocol):
    """A way to show a run while it goes."""

    ask: Callable[[str], Awaitable[bool]] | None

    def show(self, run: Callable[[Watcher], Ended]) -> Ended:
        """Carry out `run` with its watcher."""


class Plain:
    """Lines on standard output, or nothing."""

    ask: Callable[[str], Awaitable[bool]] | None = None

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def show(self, run: Callable[[Watcher], Ended]) -> Ended:
        """Carry out `run`, writing as it goes."""
        return run(self._watcher)


def choose_view(*, quiet: bool, json_only: bool) -> Shown:
    """The way that fits where standard output goes."""
    if json_only:
        return Plain(Silent())
    if sys.stdout.isatty():
        from mlctl.workflow.view.live import LiveView

        return LiveView(logs=not quiet, ask=ask_person if sys.stdin.isatty() else None)
    return Plain(PlainView(_write, logs=not quiet))


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def ask_person(name: str) -> bool:
    """Ask at the terminal whether a suspended step may go on; the other steps run meanwhile."""
    sys.stdout.write(f"{name} is suspended. Go on? [y/N] ")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        if not answered.done():
            answered.set_result(sys.stdin.readline())

    loop.add_reader(sys.stdin, read)
    try:
        return (await answered).strip().lower() in ("y", "yes")
    finally:
        loop.remove_reader(sys.stdin)
