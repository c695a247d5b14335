"""`mlctl model`: bring versions into environments, take them out again, show where which one serves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlctl.promotion.move import Moved, Who
    from mlctl.promotion.registry import MlflowRegistry

_by = click.option("--by", metavar="WHO", help="Who does it. Default: GITHUB_ACTOR, else git's e-mail address.")
_tracking = click.option("--tracking-uri", envvar="MLFLOW_TRACKING_URI", metavar="URL", help="MLflow server. Default: MLFLOW_TRACKING_URI.")
_form = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
_remote = click.option("--remote", default="origin", show_default=True, help="git remote that gets the branch.")
_base = click.option("--base", default="main", show_default=True, metavar="BRANCH", help="Branch that the pull request goes into.")


@click.group("model")
def command() -> None:
    """Promote, roll back, approve and show models."""


@command.command("promote")
@click.argument("name")
@click.option("--to", "environment", required=True, metavar="ENV", help="Environment that is to serve the version.")
@click.option("--version", type=click.IntRange(min=1), help="Default: what the environment before serves, else the newest with evidence.")
@click.option("--evidence", envvar="EVIDENCE", metavar="FILE|JSON", help="events.json of the training, where the log has it not yet.")
@click.option("--pull-request", is_flag=True, help="Push a branch and open a pull request instead of editing files here.")
@_remote
@_base
@_tracking
@_by
@_form
def promote_model(
    name: str,
    environment: str,
    version: int | None,
    evidence: str | None,
    pull_request: bool,
    remote: str,
    base: str,
    tracking_uri: str | None,
    by: str | None,
    form: str,
) -> None:
    """Judge a version by the target's gates, pin it there, and write the evidence."""
    from mlctl.promotion.carried import carry, read_events
    from mlctl.promotion.move import promote

    who, registry = who_acts(by), _registry(tracking_uri)
    events = read_events(_text_or_file(evidence), name) if evidence else []

    def move(root: Path) -> Moved:
        carry(root, events)
        return promote(root, name, environment, who, version=version, registry=registry)

    if pull_request:
        wanted = str(version) if version is not None else "next"
        _as_pull_request(move, who, f"promote/{name}-{wanted}-to-{environment}", f"Promote {name} to {environment}", remote, base, form)
    else:
        _show(move(_root()), form)


@command.command("rollback")
@click.argument("name")
@click.option("--env", "environment", required=True, metavar="ENV", help="Environment in which the model misbehaves.")
@click.option("--reason", default="asked for by hand", show_default=True, help="Why; goes into the evidence.")
@click.option("--pull-request", is_flag=True, help="Push a branch and open a pull request instead of editing files here.")
@_remote
@_base
@_by
@_form
def rollback_model(name: str, environment: str, reason: str, pull_request: bool, remote: str, base: str, by: str | None, form: str) -> None:
    """Pin the last good version again: no retraining, no gate."""
    from mlctl.promotion.move import rollback

    who = who_acts(by)

    def move(root: Path) -> Moved:
        return rollback(root, name, environment, who, reason=reason)

    if pull_request:
        _as_pull_request(move, who, f"rollback/{name}-in-{environment}", f"Roll back {name} in {environment}", remote, base, form)
    else:
        _show(move(_root()), form)


@command.command("approve")
@click.argument("name")
@click.option("--version", type=click.IntRange(min=1), required=True)
@click.option("--by", metavar="WHO", required=True, help="Who approves: an e-mail address or a GitHub name.")
@click.option("--revoke", is_flag=True, help="Take an approval back.")
def approve_model(name: str, version: int, by: str, revoke: bool) -> None:
    """Record an approval of a version; how many are needed stands in `promotion.approvers`."""
    from mlctl.promotion.move import approve

    record = approve(_root(), name, version, who_acts(by), revoke=revoke, recorded_by=who_acts(None).actor)
    done = "took back the approval of" if revoke else "approved"
    click.echo(f"{by} {done} version {version} of {name}: record {record.sequence}")


@command.command("status")
@click.option("--env", "names", multiple=True, metavar="NAME", help="Environment; may be given several times. Default: all.")
@click.option("--aws", is_flag=True, help="Ask CloudWatch which alarms are on; needs credentials of the account.")
@_form
def status(names: tuple[str, ...], aws: bool, form: str) -> None:
    """Which version serves where, its traffic, gates, age, approvals; with --aws its alarms."""
    from datetime import UTC, datetime

    from mlctl.cli.main import echo_json
    from mlctl.cli.model_traffic import alarms_by_model
    from mlctl.config import load_environments
    from mlctl.evidence.log import EvidenceLog
    from mlctl.promotion.status import status_json, status_rows, status_text

    root = _root()
    environments = load_environments(root / "environments", names)
    alarms = alarms_by_model(environments) if aws else None
    rows = status_rows(environments, list(EvidenceLog(root / "evidence").records()), datetime.now(UTC), alarms)
    if form == "json":
        echo_json(status_json(rows))
    else:
        click.echo(status_text(rows))


@command.command("canary")
@click.argument("name")
@click.option("--env", "environment", required=True, metavar="ENV", help="Whose `canary_steps` and alarm limits hold.")
@click.option("--champion", metavar="URL", help="Server of the version that is known: http://127.0.0.1:8001.")
@click.option("--challenger", metavar="URL", help="Server of the version on trial.")
@click.option("--requests", "source", type=click.Path(path_type=Path, dir_okay=False), help='JSON lines to send: {"body": …, "group": …}.')
@click.option("--aws", is_flag=True, help="Shift and watch a real-time endpoint instead of two local servers.")
@click.option("--minimum", type=click.IntRange(min=1), default=200, show_default=True, help="Answers of the challenger before a step ends.")
@click.option("--step-minutes", type=click.FloatRange(min=0.01), default=60.0, show_default=True, help="How long a step waits for them.")
@click.option("--pull-request", is_flag=True, help="Where it is rolled back: open the revert instead of editing files here.")
@_remote
@_base
@_by
def canary(
    name: str,
    environment: str,
    champion: str | None,
    challenger: str | None,
    source: Path | None,
    aws: bool,
    minimum: int,
    step_minutes: float,
    pull_request: bool,
    remote: str,
    base: str,
    by: str | None,
) -> int:
    """Shift traffic to a new version step by step; roll it back by itself where it is worse. Status 1 where it did not take over."""
    import time

    from mlctl.cli.model_traffic import endpoint_traffic, local_traffic
    from mlctl.config import load_environments
    from mlctl.errors import InputError
    from mlctl.evidence.log import EvidenceLog
    from mlctl.promotion.canary import Limits
    from mlctl.promotion.canary_run import run_canary
    from mlctl.promotion.move import rollback

    root, who = _root(), who_acts(by)
    [place] = load_environments(root / "environments", [environment])
    model = place.models.get(name)
    if model is None:
        raise InputError(f"there is no model {name!r} in {environment}", key="NAME", allowed=", ".join(place.models))
    version = model.challenger.version if model.challenger else model.version
    traffic = endpoint_traffic(place, name) if aws else local_traffic(root, place, name, champion, challenger, source)
    limits = Limits(minimum_requests=minimum, step_seconds=step_minutes * 60)
    pause = (lambda: time.sleep(60)) if aws else (lambda: None)
    outcome = run_canary(traffic, place.promotion.canary_steps, limits, pause=pause, tell=lambda line: click.echo(line, err=True))
    for check in outcome.decision.checks:
        click.echo(f"{check.verdict.replace('_', ' '):<14} {check.name:<14} {check.detail}")
    click.echo(f"{name} in {environment}: {outcome.result.replace('_', ' ')}")
    verdict = {"champion_replaced": "pass", "rolled_back": "fail", "no_traffic": "not_evaluated"}[outcome.result]
    event = who.event(kind="canary", model=name, version=version, environment=environment, verdict=verdict, details=outcome.figures())
    if outcome.result != "rolled_back" or version is None:
        EvidenceLog(root / "evidence").append([event])
        return 0 if outcome.result == "champion_replaced" else 1
    refused = ", ".join(check.name for check in outcome.decision.checks if check.verdict == "fail")

    def revert(tree: Path) -> Moved:
        EvidenceLog(tree / "evidence").append([event])
        return rollback(tree, name, environment, who, reason=f"the canary refused it: {refused}")

    if pull_request:
        _as_pull_request(revert, who, f"rollback/{name}-in-{environment}", f"Roll back {name} in {environment}", remote, base, "text")
    else:
        _show(revert(root), "text")
    return 1


@command.command("sync")
@click.option("--env", "environment", required=True, metavar="ENV", help="Environment whose pins the registries are to follow.")
@click.option("--tracking-uri", envvar="MLFLOW_TRACKING_URI", metavar="URL", help="Bring MLflow's aliases in step.")
@click.option("--sagemaker", is_flag=True, help="Bring the approval status of SageMaker's model packages in step.")
@click.option(
    "--artefacts-from", metavar="ENV", help="Copy the pinned artefacts from that environment's bucket, checked by SHA-256 at both ends."
)
def sync(environment: str, tracking_uri: str | None, sagemaker: bool, artefacts_from: str | None) -> None:
    """After a merge: bring MLflow's aliases, SageMaker's model packages and the artefact buckets in step with what is pinned."""
    from mlctl.cli.model_traffic import aws_client
    from mlctl.config import load_environments
    from mlctl.errors import InputError
    from mlctl.promotion.follow import follow_artefacts, follow_mlflow, follow_sagemaker

    if not (tracking_uri or sagemaker or artefacts_from):
        raise InputError("says nothing to do", allowed="--tracking-uri, --sagemaker, --artefacts-from")
    root = _root()
    place = load_environments(root / "environments", [environment])[0]
    lines: list[str] = []
    if artefacts_from:
        source = load_environments(root / "environments", [artefacts_from])[0]
        lines += follow_artefacts(source, place, aws_client("s3", place))
    if sagemaker:
        lines += follow_sagemaker(root, place, aws_client("sagemaker", place))
    if tracking_uri:
        registry = _registry(tracking_uri)
        assert registry is not None
        lines += follow_mlflow(place, registry)
    click.echo("\n".join(lines) or "everything is in step")


def _show(moved: Moved, form: str, **further: str) -> None:
    from dataclasses import asdict

    from mlctl.cli.main import echo_json

    if form == "json":
        echo_json({**asdict(moved), **further})
        return
    if moved.mended:
        click.echo(f"note: {moved.mended}", err=True)
    for check in moved.checks:
        click.echo(f"{check.verdict.replace('_', ' '):<14} {check.name:<18} {check.detail}")
    click.echo(moved.diff)
    before = "none" if moved.from_version is None else str(moved.from_version)
    click.echo(f"{moved.model} in {moved.environment}: version {before} → {moved.version}; evidence written")
    for name, value in further.items():
        click.echo(f"{name.replace('_', ' ')}: {value}")


def _as_pull_request(move: Callable[[Path], Moved], who: Who, branch: str, title: str, remote: str, base: str, form: str) -> None:
    from mlctl.config import load_environments
    from mlctl.promotion.github import GitHub
    from mlctl.promotion.pull_request import Target, open_pull_request

    root = _root()
    repository = load_environments(root / "environments")[0].repository
    target = Target(remote=remote, base=base, github=GitHub.from_environment(repository), author=who.actor)
    moved, address = open_pull_request(root, target, branch, title, move)
    _show(moved, form, pull_request=address)


def _text_or_file(given: str) -> str:
    """JSON that was given itself, or what the file of that name holds."""
    from mlctl.config.yaml_file import read_text

    return given if given.lstrip().startswith("[") else read_text(Path(given))


def who_acts(by: str | None) -> Who:
    """Who runs this command, now, on which commit."""
    import os
    from datetime import UTC, datetime

    from mlctl.errors import InputError
    from mlctl.promotion.git import Git
    from mlctl.promotion.move import Who

    git = Git(_root())
    actor = by or os.environ.get("GITHUB_ACTOR") or git.identity()
    if not actor or not actor.strip():
        raise InputError("nobody knows who you are", key="--by", remedy="give --by, or set git config user.email")
    return Who(actor=actor.strip(), now=datetime.now(UTC), commit=git.commit_of("HEAD"))


def _registry(uri: str | None) -> MlflowRegistry | None:
    from mlctl.promotion.registry import MlflowRegistry

    return MlflowRegistry(uri) if uri else None


def _root() -> Path:
    from mlctl.plan.environment import Repository

    return Repository.find().root
