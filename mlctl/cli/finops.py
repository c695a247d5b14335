"""`mlctl finops`: where the money went, and whether the month will keep to its budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mlctl.config.environment import Environment
    from mlctl.finops.overview import Overview
    from mlctl.finops.period import Period
    from mlctl.finops.report import FinopsReport

_FORMS = ("html", "markdown", "json", "focus")
_FILES = {"html": "report.html", "markdown": "report.md", "json": "report.json", "focus": "focus.csv"}


@click.group("finops")
def command() -> None:
    """Report where the money went; gate on the forecast."""


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What `report` and `gate` have in common."""
    options = [
        click.option("--env", "chosen", multiple=True, metavar="NAME", help="Environment; may be given several times. Default: all."),
        click.option(
            "--from",
            "names",
            multiple=True,
            required=True,
            metavar="SOURCE",
            help="opencost, kubecost, cost-explorer, focus-csv, or a file: FOCUS as .csv, .csv.gz or .parquet, allocation answers as "
            ".json. May be given several times; ENV=SOURCE is for that environment alone.",
        ),
        click.option("--period", metavar="YYYY-MM", help="Month. Default: the one of --today."),
        click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Days before this one are over. Default: today."),
        click.option("--cost", type=click.Choice(["billed", "effective"]), default="billed", show_default=True, help="Or amortised."),
        click.option("--estimate", type=click.Path(path_type=Path), help="Output of `mlctl cost --format json`, to hold it to account."),
        click.option(
            "--predictions",
            type=click.Path(path_type=Path),
            help='Counted predictions of the month so far: {"model": number}, for several environments {"env": {"model": number}}.',
        ),
        click.option(
            "--url", "urls", multiple=True, help="Address of OpenCost or Kubecost, or ENV=address. Default: http://localhost:9003 or :9090."
        ),
        click.option("--token-variable", metavar="NAME", help="Environment variable that holds a bearer token for --url."),
        click.option("--timeout", type=click.FloatRange(1, 600), default=60.0, show_default=True, help="Seconds to wait for an answer."),
        click.option("--cache", type=click.Path(path_type=Path), help="Folder of paid answers. Default: .mlctl/finops in the repository."),
        click.option("--no-cache", is_flag=True, help="Ask Cost Explorer again; each request is billed."),
        click.option("--focus-folder", type=click.Path(path_type=Path), default=Path("focus"), help="Of --from focus-csv. Default: focus."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


@command.command("report")
@_options
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR", help="Folder for the files.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def report(out: Path, form: str, **options: Any) -> int:
    """Write report.html, report.md, report.json and focus.csv into DIR: one report, by environment."""
    from mlctl.cli.main import echo_json
    from mlctl.errors import InputError
    from mlctl.finops.write.document import overview_document

    found = _overview(**options)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for kind in _FORMS:
            (out / _FILES[kind]).write_text(_written(found, kind), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", file=out, key="--out") from None
    if form == "json":
        echo_json(overview_document(found))
    else:
        click.echo(_summaries(found) + f"\nwritten: {', '.join(str(out / name) for name in _FILES.values())}")
    return 0


@command.command("gate")
@_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def gate(form: str, **options: Any) -> int:
    """Fail where the forecast exceeds a budget of an environment: its own, for GPU instances, or a team's.

    Exit status 1 also where there is no forecast: what was not evaluated has not passed.
    """
    from mlctl.cli.main import echo_json
    from mlctl.finops.write.document import overview_document

    found = _overview(**options)
    if form == "json":
        echo_json(overview_document(found))
    else:
        click.echo(_summaries(found))
    return 1 if found.over or found.unknown else 0


@command.command("serve-sample")
@click.option("--port", type=click.IntRange(0, 65535), default=9003, show_default=True, help="0 takes a free one.")
@click.option(
    "--faults", default="", metavar="LIST", help="Faults of the first requests, by commas: 500,429,slow,truncated,null,empty,redirect."
)
def serve_sample(port: int, faults: str) -> int:
    """Serve a recorded allocation day on this machine, as OpenCost and Kubecost would, until stopped.

    Add /fault/NAME to the address for a fault in every answer.
    """
    from mlctl.finops.sample_server import SampleServer

    with SampleServer(port, faults=[fault for fault in faults.split(",") if fault]) as server:
        click.echo(f"serving {server.url}; stop with Ctrl-C", err=True)
        server.serve_forever()
    return 0


def _overview(chosen: tuple[str, ...], period: str | None, today: datetime | None, names: tuple[str, ...], **how: Any) -> Overview:
    """The report of every environment that is asked for."""
    from mlctl.config import load_environments
    from mlctl.finops.chosen import check_shared
    from mlctl.finops.overview import Overview
    from mlctl.finops.period import Period
    from mlctl.plan.environment import Repository

    repository = Repository.find()
    environments = load_environments(repository.environments, chosen)
    check_shared(names, [one.name for one in environments])
    day = today.date() if today else date.today()
    month = Period.parse(f"{day:%Y-%m}" if period is None else period, today=day)
    how["cache"] = None if how.pop("no_cache") else how["cache"] or repository.root / ".mlctl" / "finops"
    how["token"] = _token(how.pop("token_variable"))
    return Overview(tuple(_report(one, environments, month, day, names, how) for one in environments))


def _report(
    environment: Environment, all_of_them: Sequence[Environment], month: Period, today: date, names: Sequence[str], how: dict[str, Any]
) -> FinopsReport:
    from decimal import Decimal

    from mlctl.finops.analysis.estimated import load_estimate
    from mlctl.finops.build import Request, build
    from mlctl.finops.chosen import chosen
    from mlctl.finops.sources import SourceRequest, read_predictions, read_sources

    others = [one.name for one in all_of_them]
    counted = read_predictions(how["predictions"], environment.name, several=len(others) > 1) if how["predictions"] else {}
    estimated = load_estimate(how["estimate"], environment.name) if how["estimate"] else None
    urls = chosen(how["urls"], environment.name, others)
    found = read_sources(
        SourceRequest(
            names=chosen(names, environment.name, others),
            environment=environment,
            period=month,
            today=today,
            cost=how["cost"],
            url=urls[-1] if urls else None,
            token=how["token"],
            timeout_seconds=how["timeout"],
            cache=how["cache"],
            focus_folder=how["focus_folder"],
        )
    )
    request = Request(
        environment=environment,
        period=month,
        today=today,
        estimated=estimated,
        predictions={model: Decimal(count) for model, count in counted.items()},
        budgets=found.budgets,
        aws_forecast=found.forecast,
    )
    return build(found.sources, request)


def _token(variable: str | None) -> str | None:
    import os

    from mlctl.errors import InputError

    if variable is None:
        return None
    token = os.environ.get(variable, "").strip()
    if not token:
        raise InputError(f"the environment variable {variable} is not set", key="--token-variable", remedy=f"export {variable}=…")
    return token


def _written(found: Overview, kind: str) -> str:
    import json

    from mlctl.finops.write.document import overview_document
    from mlctl.finops.write.focus import focus_csv
    from mlctl.finops.write.html import html
    from mlctl.finops.write.markdown import overview_markdown

    if kind == "html":
        return html(*found.reports)
    if kind == "markdown":
        return overview_markdown(found)
    return focus_csv(*found.reports) if kind == "focus" else json.dumps(overview_document(found), indent=2) + "\n"


def _summaries(found: Overview) -> str:
    from mlctl.finops.money import usd

    lines = [_summary(report) for report in found.reports]
    if len(lines) > 1:
        total, least = found.total, "at least " if found.partial else ""
        lines.append(f"together: spent {least}{usd(total.spent_usd)}, forecast {usd(total.forecast_usd)} of {usd(total.budget_usd)}")
    return "\n".join(lines)


def _summary(report: FinopsReport) -> str:
    from mlctl.finops.money import percent, usd
    from mlctl.finops.write.markdown import aws_opinion

    least = "at least " if report.partial else ""
    lines = [
        f"{report.environment} {report.period}: spent {least}{usd(report.total.spent_usd)} in {len(report.forecast.known)} known days, "
        f"forecast {usd(report.total.forecast_usd)} of {usd(report.total.budget_usd)}",
        *((f"  {aws_opinion(report)}",) if report.aws_forecast else ()),
        *(f"  over budget: {line.name}: forecast {usd(line.forecast_usd)} of {usd(line.budget_usd)}" for line in report.over),
        f"  without a team: {usd(report.unallocated.spent_usd)} ({percent(report.unallocated_share)})",
        *(f"  {'partial' if gap.partial else 'note'}: {gap.source}: {gap.what}" for gap in report.gaps),
    ]
    if report.total.forecast_usd is None:
        lines.append("  not evaluated: no known day to forecast from")
    return "\n".join(lines)
