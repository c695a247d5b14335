"""`mlctl cost`: what the environments cost before they exist, and what would make them cheaper."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlctl.cli import options

if TYPE_CHECKING:
    from mlctl.config.environment import Environment
    from mlctl.cost.estimate import Estimate
    from mlctl.cost.infracost import Commit
    from mlctl.plan.model import Plan

_DATE = click.DateTime(["%Y-%m-%d"])


@click.group("cost", invoke_without_command=True)
@options.environments
@click.option("--compare", "ref", metavar="GITREF", help="Show the difference against this commit, branch or tag.")
@click.option("--from", "source", type=click.Path(path_type=Path), help="Price a saved plan, pulumi preview --json or pulumi stack export.")
@options.settings
@click.option("--on", "day", type=_DATE, help="Price as of this day. Default: today.")
@click.option("--format", "form", type=click.Choice(["table", "json", "infracost", "csv"]), default="table", show_default=True)
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    ref: str | None,
    source: Path | None,
    settings: tuple[str, ...],
    day: datetime | None,
    form: str,
) -> int:
    """Estimate what the environments cost a month.

    Exit status 1 where a guardrail blocks: a budget, an increase, a usage key that names nothing.
    """
    if context.invoked_subcommand is not None:
        return 0
    today = day.date() if day else date.today()
    pairs = _estimates(names, source, settings, today)
    bases = _bases(ref, pairs, today) if ref else {}
    return _print(pairs, bases, form)


@command.command("advise")
@options.environments
@options.settings
@click.option("--on", "day", type=_DATE, help="Price as of this day. Default: today.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def advise(names: tuple[str, ...], settings: tuple[str, ...], day: datetime | None, form: str) -> int:
    """Rank changes that save money, each with its arithmetic and its risk."""
    from mlctl.cli.main import echo_json
    from mlctl.cost.advice import Evidence, advice, advice_table, advice_to_json, break_even
    from mlctl.cost.price_file import load_prices

    prices, today = load_prices(), day.date() if day else date.today()
    pairs = _estimates(names, None, settings, today)
    found = [(estimate, advice(estimate, plan, prices), break_even(Evidence(estimate, plan, prices))) for estimate, plan in pairs]
    if form == "json":
        documents = [advice_to_json(*one) for one in found]
        echo_json(documents[0] if len(documents) == 1 else documents)
    else:
        click.echo("\n".join(advice_table(*one) for one in found), nl=False)
    return 0


def _estimates(names: tuple[str, ...], source: Path | None, settings: tuple[str, ...], today: date) -> list[tuple[Estimate, Plan]]:
    from mlctl.cost.estimate import estimate
    from mlctl.cost.price_file import load_prices

    return [(estimate(plan, environment, load_prices(), today=today), plan) for environment, plan in _plans(names, source, settings)]


def _plans(names: tuple[str, ...], source: Path | None, settings: tuple[str, ...]) -> list[tuple[Environment, Plan]]:
    from mlctl.cli.progress import planning
    from mlctl.config import load_environments
    from mlctl.errors import InputError
    from mlctl.plan.environment import Repository, plan_environments
    from mlctl.plan.read import read_plan
    from mlctl.plan.variant import variant_of

    repository = Repository.find()
    if source is not None:
        if settings:
            raise InputError("--set changes what is planned, and --from is planned already", key="--set", remedy="leave one of them out")
        plan = read_plan(source)
        wanted = names or (plan.environment,)
        if len(wanted) != 1:
            raise InputError("--from prices one plan", key="--env", remedy="name the one environment whose region and usage apply")
        return [(load_environments(repository.environments, wanted)[0], plan)]
    with variant_of(repository, names, settings) as repository:
        environments = load_environments(repository.environments, names)
        with planning(len(environments) * len(list(repository.stacks.glob("*/Pulumi.yaml")))) as progress:
            return list(zip(environments, plan_environments(repository, environments, progress=progress), strict=True))


def _bases(ref: str, pairs: list[tuple[Estimate, Plan]], today: date) -> dict[str, Estimate]:
    """The base's estimate per environment, at this commit's prices and usage, so that only the program's change shows."""
    from mlctl.cost.estimate import estimate
    from mlctl.cost.price_file import load_prices
    from mlctl.errors import InputError
    from mlctl.plan.base import plan_base
    from mlctl.plan.environment import Repository

    environments = {found.environment.name: found.environment for found, _ in pairs}
    base = plan_base(Repository.find().root, ref, tuple(environments), option="--compare")
    if base.problem:
        raise InputError(base.problem, key="--compare", remedy="choose another base, or leave --compare out")
    return {name: estimate(plan, environments[name], load_prices(), today=today) for name, plan in base.plans.items()}


def _print(pairs: list[tuple[Estimate, Plan]], bases: dict[str, Estimate], form: str) -> int:
    from mlctl.cli.main import echo_json
    from mlctl.cost.compare import compare
    from mlctl.cost.document import estimate_to_csv, estimate_to_json
    from mlctl.cost.guardrails import guardrails
    from mlctl.cost.infracost import infracost
    from mlctl.cost.table import estimate_table

    results = []
    for estimate, _ in pairs:
        base = bases.get(estimate.environment.name)
        findings = guardrails(estimate, base, estimate.environment)
        results.append((estimate, base, compare(estimate, base) if base else None, findings))
    if form == "csv":
        click.echo(estimate_to_csv(estimate for estimate, *_ in results), nl=False)
    elif form == "json":
        documents = [estimate_to_json(estimate, comparison, findings) for estimate, _, comparison, findings in results]
        echo_json(documents[0] if len(documents) == 1 else documents)
    elif form == "infracost":
        now = datetime.now().astimezone()
        echo_json(infracost([(estimate, base) for estimate, base, *_ in results], _commit(), generated=now))
    else:
        click.echo("\n".join(estimate_table(estimate, comparison, findings) for estimate, _, comparison, findings in results))
    failed = any(estimate.failed_stacks for estimate, *_ in results)
    return 2 if failed else 1 if any(one.blocks for *_, findings in results for one in findings) else 0


def _commit() -> Commit:
    """What git says about the checked-out commit; empty fields where there is no repository."""
    import subprocess

    from mlctl.cost.infracost import Commit

    form = "%H%x00%an%x00%ae%x00%cI%x00%s"
    run = subprocess.run(["git", "log", "-1", f"--format={form}"], capture_output=True, text=True, check=False)
    parts = run.stdout.rstrip("\n").split("\0")
    if run.returncode or len(parts) != 5:
        parts = ["", "", "", datetime.fromtimestamp(0).astimezone().isoformat(), ""]
    branch = subprocess.run(["git", "branch", "--show-current"], capture_output=True, text=True, check=False).stdout.strip()
    return Commit(
        branch=branch, sha=parts[0], author_name=parts[1], author_email=parts[2], time=datetime.fromisoformat(parts[3]), message=parts[4]
    )
