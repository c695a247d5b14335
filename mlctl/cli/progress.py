"""What is shown while a command works: a bar on a terminal, plain lines elsewhere, always on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mlctl.plan.offline import Progress


@contextmanager
def planning(total: int) -> Iterator[Progress]:
    """Progress of `total` programs."""
    if sys.stderr.isatty():
        with _bar(total) as progress:
            yield progress
    else:
        yield lambda program, event: _line(program.label, event)


def _line(label: str, event: str) -> None:
    if event != "started":
        click.echo(f"{event} {label}", err=True)


@contextmanager
def _bar(total: int) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("planning"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)

        def show(program: object, event: str) -> None:
            label = getattr(program, "label", "")
            bar.update(task, advance=0 if event == "started" else 1, description=f"{event} {label}")

        yield show


@contextmanager
def step(title: str) -> Iterator[None]:
    """One further step of a command: a spinner on a terminal, a line elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status(title):
            yield
    else:
        click.echo(title, err=True)
        yield
