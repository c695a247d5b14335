"""`mlctl deploy`: run the Pulumi engine over the stacks, in their order and always with the policy pack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mlctl.config import Environment
    from mlctl.plan.environment import Repository
    from mlctl.promotion.deployment import Deployment

_env = click.option("--env", "name", required=True, metavar="NAME", help="Environment; its AWS credentials must be in place.")
_stack = click.option("--stack", "stacks", multiple=True, metavar="NAME", help="Only this stack; may be given several times.")


@click.group("deploy")
def command() -> None:
    """Preview, update and watch what runs in an account."""


@command.command("environments")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Append to this file, as GITHUB_OUTPUT wants it.")
@click.option("--only", metavar="NAME", help="This environment alone.")
def environments(output: Path | None, only: str | None) -> None:
    """The environments in the order they are deployed in, with region and roles, as one line of JSON."""
    import json

    from mlctl.config import load_environments
    from mlctl.plan.environment import Repository
    from mlctl.promotion.deployment import github_roles

    found = load_environments(Repository.find().environments, [only] if only else [])
    line = f"environments={json.dumps([github_roles(environment) for environment in found])}"
    click.echo(line)
    if output:
        with output.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


@command.command("preview")
@_env
@_stack
@click.option("--base", metavar="GITREF", help="Only stacks whose plan differs from this commit's.")
@click.option("--save", type=click.Path(path_type=Path, file_okay=False), help="Keep each stack's plan in this folder, for `up --plans`.")
def preview(name: str, stacks: tuple[str, ...], base: str | None, save: Path | None) -> None:
    """What an update would do, stack by stack."""
    if save is not None:
        save.mkdir(parents=True, exist_ok=True)
    with _deployment(name, stacks, base) as (deployment, _):
        deployment.preview(save.resolve() if save is not None else None)


@command.command("up")
@_env
@_stack
@click.option("--plans", type=click.Path(path_type=Path, file_okay=False), help="What `preview --save` kept: update by these plans.")
def up(name: str, stacks: tuple[str, ...], plans: Path | None) -> None:
    """Update the stacks in dependency order, each as previewed; stops at the first that fails."""
    import tempfile

    from mlctl.errors import InputError

    if plans is not None and not plans.is_dir():
        raise InputError("is no folder", file=plans, key="--plans", remedy=f"mlctl deploy preview --env {name} --save {plans}")
    done: list[str] = []
    with _deployment(name, stacks, None) as (deployment, order), tempfile.TemporaryDirectory(prefix="mlctl-plans-") as folder:
        deployment.up(plans.resolve() if plans is not None else Path(folder), done=done)
        click.echo(f"{name}: deployed {', '.join(order) or 'nothing'}")
        if "serving" in done:
            _record(name)


@command.command("drift")
@_env
@_stack
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Markdown report; empty where nothing drifted.")
def drift(name: str, stacks: tuple[str, ...], out: Path) -> None:
    """Compare what runs with what was deployed; status 1 where they differ. Changes nothing."""
    from mlctl.evidence.atomic import write_atomically
    from mlctl.promotion.deployment import drift_report, refuse_drift

    with _deployment(name, stacks, None) as (deployment, _):
        drifts = deployment.drift()
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, drift_report(name, drifts) if drifts else "")
    refuse_drift(drifts, name)
    click.echo(f"{name} runs as it was deployed")


@command.command("smoke")
@_env
def smoke_test(name: str) -> None:
    """After an update: pinned models score a row and answer in their version, behind a closed front door."""
    import boto3

    from mlctl.config import load_environments
    from mlctl.errors import BlockedError
    from mlctl.evidence.client import aws_client
    from mlctl.plan.environment import Repository
    from mlctl.promotion.deployment import Deployment
    from mlctl.promotion.scored_row import score_one_row
    from mlctl.promotion.smoke import smoke

    repository = Repository.find()
    [environment] = load_environments(repository.environments, [name])
    deployment = Deployment(repository.root, environment, ["serving"], Path())
    checks = smoke(environment, deployment.outputs("serving"), boto3.Session().get_credentials())
    checks += score_one_row(repository.root, environment, aws_client("sagemaker-runtime", environment.region))
    for check in checks:
        click.echo(f"{check.verdict.replace('_', ' '):<14} {check.name:<24} {check.detail}")
    failed = [check.name for check in checks if check.verdict == "fail"]
    if failed:
        raise BlockedError(f"{name} does not serve as pinned: {', '.join(failed)}", remedy="mlctl model rollback, or mend the deployment")


@command.command("canaries")
@_env
@click.option("--ref", default="main", show_default=True, help="Branch whose canary.yml is run.")
def canaries(name: str, ref: str) -> None:
    """Start canary.yml for each model with a version on trial that no canary has judged; needs GITHUB_TOKEN."""
    from mlctl.cli.github import github
    from mlctl.config import load_environments
    from mlctl.evidence.log import EvidenceLog
    from mlctl.plan.environment import Repository
    from mlctl.promotion.trials import trials

    repository = Repository.find()
    [environment] = load_environments(repository.environments, [name])
    found = trials(environment, list(EvidenceLog(repository.root / "evidence").records()))
    for model in found:
        github().start("canary.yml", ref=ref, inputs={"model": model, "environment": name})
        click.echo(f"{name}: canary of {model} started")
    if not found:
        click.echo(f"{name}: no version is on trial")


@command.command("image")
@click.argument("image", metavar="IMAGE")
@_env
def image_push(image: str, name: str) -> None:
    """Build docker/IMAGE/Dockerfile and push it under the build that the environment names; what is there already stays."""
    import boto3

    from mlctl.config import load_environments
    from mlctl.plan.environment import Repository
    from mlctl.promotion.image import push_image

    repository = Repository.find()
    [environment] = load_environments(repository.environments, [name])
    reference, built = push_image(repository.root, environment, image, boto3.client("ecr", region_name=environment.region))
    click.echo(f"{reference} {'pushed' if built else 'is there already'}")


@contextmanager
def _deployment(name: str, wanted: tuple[str, ...], base: str | None) -> Iterator[tuple[Deployment, list[str]]]:
    import json
    import tempfile

    from mlctl.config import load_environments
    from mlctl.plan.environment import Repository
    from mlctl.promotion.deployment import Deployment, choose_stacks

    repository = Repository.find()
    [environment] = load_environments(repository.environments, [name])
    order = choose_stacks(_order(repository, name, base), wanted)
    click.echo(f"{name}: {', '.join(order) or 'no stack changed'}", err=True)
    with tempfile.TemporaryDirectory(prefix="mlctl-policy-") as folder:
        file = Path(folder) / "config.json"
        file.write_text(json.dumps(_policy_config(repository, environment)), encoding="utf-8")
        yield Deployment(repository.root, environment, order, file), order


def _policy_config(repository: Repository, environment: Environment) -> dict[str, dict[str, object]]:
    """The same as `mlctl policies config` prints."""
    from datetime import date

    from mlctl.checks.discovery import find_rules
    from mlctl.checks.pack import pack_config
    from mlctl.checks.settings import rule_settings
    from mlctl.checks.subjects import model_subjects
    from mlctl.checks.waivers import read_waivers
    from mlctl.evidence.log import read_records

    records = read_records(repository.root / "evidence")
    subjects = model_subjects(environment, definitions=repository.root / "ml" / "models", evidence=records)
    settings = rule_settings(environment, models=subjects, today=date.today())
    waivers = read_waivers(repository.root / "policies" / "waivers.yaml").entries
    return pack_config(find_rules(repository.root / "policies"), environment, settings, waivers)


def _order(repository: Repository, name: str, base: str | None) -> list[str]:
    """Stacks, dependencies first, as the plan found them; with `base`, only those whose plan differs."""
    from mlctl.config import load_environments
    from mlctl.errors import InputError
    from mlctl.plan.base import plan_base
    from mlctl.plan.difference import differences
    from mlctl.plan.environment import plan_environments

    [plan] = plan_environments(repository, load_environments(repository.environments, [name]))
    failed = [stack for stack in plan.stacks if stack.errors]
    if failed:
        raise InputError(f"stack {failed[0].name} cannot be planned: {failed[0].errors[0].problem}", remedy="mlctl plan shows all")
    if base is None:
        return [stack.name for stack in plan.stacks]
    earlier = plan_base(repository.root, base, [name])
    if earlier.problem:
        click.echo(f"{earlier.problem}; every stack counts as changed", err=True)
    before = earlier.plans.get(name)
    changed = {item.stack for item in differences(before, plan)} if before else {stack.name for stack in plan.stacks}
    return [stack.name for stack in plan.stacks if stack.name in changed]


def _record(name: str) -> None:
    """Write a deployment record for each pinned model that has none for its version."""
    import os
    from datetime import UTC, datetime

    from mlctl.config import load_environments
    from mlctl.evidence.log import EvidenceLog
    from mlctl.plan.environment import Repository
    from mlctl.promotion.deployed import deployment_events
    from mlctl.promotion.git import Git
    from mlctl.promotion.move import Who

    repository = Repository.find()
    git = Git(repository.root)
    who = Who(actor=os.environ.get("GITHUB_ACTOR") or git.identity() or "mlctl deploy", now=datetime.now(UTC), commit=git.commit_of("HEAD"))
    log = EvidenceLog(repository.root / "evidence")
    [environment] = load_environments(repository.environments, [name])
    events = deployment_events(environment, list(log.records()), who)
    if events:
        log.append(events)
        click.echo(f"{name}: recorded {', '.join(f'{event.model} version {event.version}' for event in events)}")
