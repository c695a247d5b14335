"""The report for a terminal: a table of environments, then what blocks and how to mend it."""

from __future__ import annotations

import io

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mlctl.finding import Finding, Status
from mlctl.report.model import EnvironmentReport, Report, short_name, signed_usd, usd

_MOST = 40
"""Findings printed for each environment; the rest is in the other forms."""


def text_report(report: Report, *, color: bool, width: int) -> str:
    """The text, with terminal colours where `color`."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=color, no_color=not color, width=max(width, 80), highlight=False, soft_wrap=True)
    console.print(_summary(report))
    for environment in report.environments:
        _environment(console, environment)
    for note in report.notes:
        console.print(f"note: {escape(note)}")
    seconds = ", ".join(f"{name} {value:.1f}" for name, value in report.seconds.items())
    console.print(f"\n{'[bold green]passed[/]' if report.passed else '[bold red]blocked[/]'}   seconds: {seconds}")
    return stream.getvalue()


def _summary(report: Report) -> Table:
    table = Table(box=SIMPLE, pad_edge=False)
    for heading, justify in (
        ("environment", "left"),
        ("result", "left"),
        ("stacks", "right"),
        ("resources", "right"),
        ("rules: pass", "right"),
        ("fail", "right"),
        ("not eval.", "right"),
        ("waived", "right"),
        ("checkov: pass", "right"),
        ("fail", "right"),
        ("USD/month", "right"),
        ("budget", "right"),
    ):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for environment in report.environments:
        table.add_row(*_row(environment))
    return table


def _row(environment: EnvironmentReport) -> list[str]:
    counts = environment.counts()
    stacks = environment.plan.stacks
    planned = sum(not stack.errors for stack in stacks)
    resources = sum(resource.custom and resource.package != "pulumi" for resource in environment.plan.resources())
    cost = environment.cost
    return [
        environment.name,
        "[green]pass[/]" if environment.passed else "[red]blocked[/]",
        f"{planned}/{len(stacks)}",
        str(resources),
        str(counts[Status.PASS]),
        str(counts[Status.FAIL]),
        str(counts[Status.NOT_EVALUATED]),
        str(counts[Status.WAIVED]),
        str(environment.checkov.passed),
        str(environment.checkov.failed),
        (("≥ " if cost.at_least else "") + usd(cost.monthly_usd)) if cost else "–",
        usd(cost.budget_usd) if cost else "–",
    ]


def _environment(console: Console, environment: EnvironmentReport) -> None:
    blocking = [finding for finding in environment.findings if finding.blocks]
    other = [finding for finding in environment.findings if not finding.blocks and finding.status is not Status.WAIVED]
    comparison = environment.comparison
    if not (blocking or other or environment.errors or comparison):
        return
    console.print(f"\n[bold]{environment.name}[/]")
    for stack, error in environment.errors:
        console.print(f"[red]  stack {stack} failed[/] {_place(error.file, error.line)}")
        key = f"{error.key}: " if error.key else ""
        console.print(f"    {escape(key + error.problem)}")
        for title, text in (("allowed", error.allowed), ("do", error.remedy)):
            if text:
                console.print(f"    {title}: {escape(text)}")
        for line in (error.traceback or "").splitlines():
            console.print(f"    {escape(line)}")
    for finding in blocking[:_MOST]:
        _finding(console, finding, "red")
    for finding in other[: max(0, _MOST - len(blocking))]:
        _finding(console, finding, "yellow")
    if (left := len(blocking) + len(other) - _MOST) > 0:
        console.print(f"  … and {left} more: see --format json or html")
    if comparison:
        _comparison(console, environment)


def _finding(console: Console, finding: Finding, color: str) -> None:
    verb = "blocks" if finding.blocks else "reported"
    status = "not evaluated" if finding.status is Status.NOT_EVALUATED else finding.status.value
    console.print(f"[{color}]  {verb}[/] {finding.severity.value} {finding.id} ({status}) {_place(finding.file, finding.line)}")
    console.print(f"    {escape(short_name(finding.resource))}: {escape(finding.message)}")
    console.print(f"    do: {escape(finding.remediation)}")


def _place(file: str | None, line: int | None) -> str:
    return escape(f"{file}:{line}" if file and line else file or "")


def _comparison(console: Console, environment: EnvironmentReport) -> None:
    comparison = environment.comparison
    assert comparison is not None
    if comparison.problem:
        console.print(f"  against {escape(comparison.ref)}: not evaluated: {escape(comparison.problem)}")
        return
    counts = {kind: sum(change.kind == kind for change in comparison.changes) for kind in ("added", "changed", "removed")}
    cost = f", {signed_usd(environment.cost.change_usd)} a month" if environment.cost else ""
    console.print(f"  against {escape(comparison.ref)}: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()) + cost)
    marks = {"added": "[green]+[/]", "changed": "[yellow]~[/]", "removed": "[red]-[/]"}
    for change in comparison.changes[:_MOST]:
        paths = f" ({', '.join(change.paths[:6])}{', …' if len(change.paths) > 6 else ''})" if change.paths else ""
        console.print(f"    {marks[change.kind]} {change.stack}/{escape(change.name)} {change.type}{escape(paths)}")
    if (left := len(comparison.changes) - _MOST) > 0:
        console.print(f"    … and {left} more")
