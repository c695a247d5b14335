"""`mlctl plan`: what the programs would register."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlctl.cli import options

if TYPE_CHECKING:
    from mlctl.plan.model import Plan


@click.command("plan")
@options.environments
@click.option("--stack", "stacks", multiple=True, metavar="NAME", help="Show this stack only; may be given several times.")
@click.option("--program", type=click.Path(path_type=Path), help="Plan any Pulumi Python program: the folder of its Pulumi.yaml.")
@click.option("--config-stack", default="dev", show_default=True, metavar="NAME", help="With --program: which Pulumi.<NAME>.yaml to use.")
@click.option("--answers", type=click.Path(path_type=Path), help="With --program: YAML of answers to data sources, by token.")
@click.option("--from", "source", type=click.Path(path_type=Path), help="Read pulumi preview --json, pulumi stack export, or a saved plan.")
@options.settings
@click.option("--limit", "limit_seconds", default=120.0, show_default=True, help="Seconds that one program may run.")
@click.option("--format", "form", type=click.Choice(["text", "json", "mermaid", "tfplan"]), default="text", show_default=True)
def command(
    names: tuple[str, ...],
    stacks: tuple[str, ...],
    program: Path | None,
    config_stack: str,
    answers: Path | None,
    source: Path | None,
    settings: tuple[str, ...],
    limit_seconds: float,
    form: str,
) -> int:
    """Plan the stacks of this repository, or any Pulumi Python program, without an account.

    Exit status 2 where a program failed; what the others registered is printed all the same.
    """
    from mlctl.errors import InputError

    if program and source:
        raise InputError("--program and --from exclude each other")
    if source:
        from mlctl.plan.read import read_plan

        plans = [read_plan(source)]
    elif program:
        plans = [_plan_program(program, config_stack, answers, limit_seconds)]
    else:
        plans = _plan_repository(names, stacks, settings, limit_seconds)
    _print(plans, form)
    return 2 if any(stack.errors for plan in plans for stack in plan.stacks) else 0


def _plan_program(path: Path, stack: str, answers_file: Path | None, limit_seconds: float) -> Plan:
    from mlctl.cli.progress import planning
    from mlctl.config.yaml_file import read_yaml
    from mlctl.plan.answers import Answers
    from mlctl.plan.model import Plan
    from mlctl.plan.offline import Planner
    from mlctl.plan.preload import preload
    from mlctl.plan.program import read_program

    program = read_program(path, stack)
    given = read_yaml(answers_file).value if answers_file else {}
    region = program.config.get("aws:region")
    answers = Answers(region=region, given=given)
    preload([program.folder])
    with planning(1) as progress:
        planner = Planner([program], answers={stack: answers}, root=Path.cwd(), limit_seconds=limit_seconds, progress=progress)
        return Plan(environment=stack, stacks=tuple(planner.run()))


def _plan_repository(names: tuple[str, ...], stacks: tuple[str, ...], settings: tuple[str, ...], limit_seconds: float) -> list[Plan]:
    from mlctl.cli.progress import planning
    from mlctl.config import load_environments
    from mlctl.plan.environment import Repository, plan_environments
    from mlctl.plan.variant import variant_of

    repository = Repository.find()
    with variant_of(repository, names, settings) as repository:
        environments = load_environments(repository.environments, names)
        with planning(len(environments) * len(list(repository.stacks.glob("*/Pulumi.yaml")))) as progress:
            return plan_environments(repository, environments, stacks=stacks, limit_seconds=limit_seconds, progress=progress)


def _print(plans: list[Plan], form: str) -> None:
    from mlctl.cli.main import echo_json

    if form == "json":
        from mlctl.plan.saved import plan_to_json, plans_to_json

        echo_json(plan_to_json(plans[0]) if len(plans) == 1 else plans_to_json(plans))
    elif form == "tfplan":
        from mlctl.checks.terraform import terraform_plan

        echo_json(terraform_plan(plans[0]) if len(plans) == 1 else {plan.environment: terraform_plan(plan) for plan in plans})
    elif form == "mermaid":
        from mlctl.diagram.mermaid import mermaid

        click.echo("\n".join(mermaid(plan) for plan in plans))
    else:
        from mlctl.report.plan_text import plan_text

        click.echo("\n".join(plan_text(plan) for plan in plans))
