"""`mlctl check`: the gate of a pull request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlctl.cli import options

if TYPE_CHECKING:
    from mlctl.report.model import Report

_FORMATS = ("text", "json", "markdown", "html", "sarif", "junit")
_FILES = {
    "text": "report.txt",
    "json": "report.json",
    "markdown": "comment.md",
    "html": "report.html",
    "sarif": "report.sarif",
    "junit": "junit.xml",
}


@click.command("check")
@options.environments
@click.option("--base", metavar="GITREF", help="Compare with this commit or branch, planned from its own files.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="What is printed.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the report in every form into this folder too.")
@options.settings
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The date that waivers and prices are judged by. Default: today.")
@click.option("--limit", "limit_seconds", default=120.0, show_default=True, help="Seconds that one program may run.")
def command(
    names: tuple[str, ...],
    base: str | None,
    form: str,
    out: Path | None,
    settings: tuple[str, ...],
    today: object,
    limit_seconds: float,
) -> int:
    """Plan, judge, scan and price every environment, and report.

    Needs the repository and nothing else: no account, no login, no secret, no network.
    Exit status: 0 passed, 1 something blocks, 2 a file or a program is wrong, 3 an outside service failed.
    """
    from datetime import date, datetime

    from mlctl.cli.progress import planning, step
    from mlctl.plan.environment import Repository
    from mlctl.plan.variant import variant_of
    from mlctl.report.gate import Gate

    repository = Repository.find()
    day = today.date() if isinstance(today, datetime) else date.today()
    with variant_of(repository, names, settings) as repository:
        gate = Gate(repository, names=names, base=base, today=day, limit_seconds=limit_seconds)
        with gate, planning(gate.programs) as progress:
            gate.plan(progress)
            with step("judging, scanning, pricing"):
                report = gate.judge()
    if out:
        _write(report, out)
    click.echo(_render(report, form), nl=False)
    return report.exit_status


def _render(report: Report, form: str) -> str:
    import json
    import shutil
    import sys

    if form == "text":
        from mlctl.report.text import text_report

        return text_report(report, color=sys.stdout.isatty(), width=shutil.get_terminal_size((140, 40)).columns)
    if form == "json":
        from mlctl.report.as_json import report_to_json

        return json.dumps(report_to_json(report), indent=2) + "\n"
    if form == "markdown":
        from mlctl.report.markdown import markdown_report

        return markdown_report(report)
    if form == "html":
        from mlctl.report.html import html_report

        return html_report(report)
    if form == "sarif":
        from mlctl.report.sarif import sarif_report

        return json.dumps(sarif_report(report), indent=2) + "\n"
    from mlctl.report.junit import junit_report

    return junit_report(report)


def _write(report: Report, out: Path) -> None:
    from mlctl.errors import InputError

    try:
        out.mkdir(parents=True, exist_ok=True)
        for form, name in _FILES.items():
            (out / name).write_text(_render(report, form), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", file=out, key="--out") from None
