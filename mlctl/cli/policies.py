"""`mlctl policies`: list and explain the rules; write the rule pack's configuration."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mlctl.checks.discovery import SdkPolicy


@click.group("policies")
def command() -> None:
    """List and explain the rules; write the rule pack's configuration."""


@command.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--family", metavar="NAME", help="Only the rules of one folder: aws, kubernetes, ml, secrets, spend, tagging.")
def list_rules(form: str, family: str | None) -> None:
    """Every rule with its severity and enforcement."""
    from mlctl.checks import catalogue
    from mlctl.cli.main import echo_json
    from mlctl.errors import InputError

    rules = _rules()
    families = sorted({catalogue.family(rule) for rule in rules})
    if family is not None and family not in families:
        raise InputError(f"there is no family {family!r}", key="--family", allowed=", ".join(families))
    rules = [rule for rule in rules if family in (None, catalogue.family(rule))]
    if form == "json":
        echo_json([catalogue.row(rule) for rule in rules])
    elif form == "markdown":
        click.echo(catalogue.index(rules), nl=False)
    else:
        for rule in rules:
            facts = catalogue.row(rule)
            click.echo(f"{facts['id']:<40} {facts['severity']:<9} {facts['enforcement']:<10} {facts['title']}")


@command.command("explain")
@click.argument("rule_id", metavar="ID")
def explain(rule_id: str) -> None:
    """What one rule demands, why, how to mend, and two samples."""
    import difflib

    from mlctl.checks.catalogue import page
    from mlctl.errors import InputError

    rules = {rule.name: rule for rule in _rules()}
    if rule_id not in rules:
        near = difflib.get_close_matches(rule_id, rules, n=1)
        remedy = f"did you mean {near[0]}?" if near else "`mlctl policies list` prints them"
        raise InputError(f"there is no rule {rule_id!r}", key="ID", remedy=remedy)
    click.echo(page(rules[rule_id]), nl=False)


@command.command("config")
@click.option("--env", "name", required=True, metavar="NAME", help="The environment that the engine deploys.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The date that evidence is judged by. Default: today.")
def config(name: str, today: datetime | None) -> None:
    """The JSON for `pulumi … --policy-pack policies/pack --policy-pack-config FILE`: what the gate judges by."""
    from mlctl.checks.pack import pack_config
    from mlctl.checks.settings import rule_settings
    from mlctl.checks.subjects import model_subjects
    from mlctl.checks.waivers import read_waivers
    from mlctl.cli.main import echo_json
    from mlctl.config import load_environments
    from mlctl.evidence.log import read_records
    from mlctl.plan.environment import Repository

    repository = Repository.find()
    [environment] = load_environments(repository.environments, [name])
    records = read_records(repository.root / "evidence")
    subjects = model_subjects(environment, definitions=repository.root / "ml" / "models", evidence=records)
    settings = rule_settings(environment, models=subjects, today=today.date() if today else date.today())
    waivers = read_waivers(repository.root / "policies" / "waivers.yaml").entries
    echo_json(pack_config(_rules(), environment, settings, waivers))


def _rules() -> list[SdkPolicy]:
    from mlctl.checks.discovery import find_rules
    from mlctl.plan.environment import Repository

    return find_rules(Repository.find().root / "policies")
