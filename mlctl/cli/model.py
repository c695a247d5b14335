"""`mlctl model`: bring versions into environments, take them out again, show where which one serves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlctl.cli import options
from mlctl.cli.model_canary import canary
from mlctl.cli.model_moves import as_pull_request, base_option, by_option, remote_option, root, show
from mlctl.cli.model_moves import who_acts as who_acts

if TYPE_CHECKING:
    from mlctl.promotion.move import Moved
    from mlctl.promotion.registry import MlflowRegistry

_tracking = click.option("--tracking-uri", envvar="MLFLOW_TRACKING_URI", metavar="URL", help="MLflow server. Default: MLFLOW_TRACKING_URI.")
_form = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


@click.group("model")
def command() -> None:
    """Promote, roll back, approve and show models."""


command.add_command(canary)


@command.command("promote")
@click.argument("name")
@click.option("--to", "environment", required=True, metavar="ENV", help="Environment that is to serve the version.")
@click.option("--version", type=click.IntRange(min=1), help="Default: what the environment before serves, else the newest with evidence.")
@click.option(
    "--trial", is_flag=True, help="As challenger beside the version that serves; `mlctl model canary --aws` decides between them."
)
@click.option("--evidence", envvar="EVIDENCE", metavar="FILE|JSON", help="events.json of the training, where the log has it not yet.")
@click.option("--pull-request", is_flag=True, help="Push a branch and open a pull request instead of editing files here.")
@remote_option
@base_option
@_tracking
@by_option
@_form
def promote_model(
    name: str,
    environment: str,
    version: int | None,
    trial: bool,
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

    def move(tree: Path) -> Moved:
        carry(tree, events)
        return promote(tree, name, environment, who, version=version, registry=registry, trial=trial)

    if pull_request:
        wanted = str(version) if version is not None else "next"
        as_pull_request(move, who, f"promote/{name}-{wanted}-to-{environment}", f"Promote {name} to {environment}", remote, base, form)
    else:
        show(move(root()), form)


@command.command("rollback")
@click.argument("name")
@click.option("--env", "environment", required=True, metavar="ENV", help="Environment in which the model misbehaves.")
@click.option("--reason", default="asked for by hand", show_default=True, help="Why; goes into the evidence.")
@click.option("--pull-request", is_flag=True, help="Push a branch and open a pull request instead of editing files here.")
@remote_option
@base_option
@by_option
@_form
def rollback_model(name: str, environment: str, reason: str, pull_request: bool, remote: str, base: str, by: str | None, form: str) -> None:
    """Pin the last good version again: no retraining, no gate."""
    from mlctl.promotion.move import rollback

    who = who_acts(by)

    def move(tree: Path) -> Moved:
        return rollback(tree, name, environment, who, reason=reason)

    if pull_request:
        as_pull_request(move, who, f"rollback/{name}-in-{environment}", f"Roll back {name} in {environment}", remote, base, form)
    else:
        show(move(root()), form)


@command.command("approve")
@click.argument("name")
@click.option("--version", type=click.IntRange(min=1), required=True)
@click.option("--by", metavar="WHO", required=True, help="Who approves: an e-mail address or a GitHub name.")
@click.option("--revoke", is_flag=True, help="Take an approval back.")
def approve_model(name: str, version: int, by: str, revoke: bool) -> None:
    """Record an approval of a version; how many are needed stands in `promotion.approvers`."""
    from mlctl.promotion.move import approve

    record = approve(root(), name, version, who_acts(by), revoke=revoke, recorded_by=who_acts(None).actor)
    done = "took back the approval of" if revoke else "approved"
    click.echo(f"{by} {done} version {version} of {name}: record {record.sequence}")


@command.command("status")
@options.environments
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

    here = root()
    environments = load_environments(here / "environments", names)
    alarms = alarms_by_model(environments) if aws else None
    rows = status_rows(environments, list(EvidenceLog(here / "evidence").records()), datetime.now(UTC), alarms)
    if form == "json":
        echo_json(status_json(rows))
    else:
        click.echo(status_text(rows))


@command.command("sync")
@click.option("--env", "environment", required=True, metavar="ENV", help="Environment whose pins the registries are to follow.")
@click.option("--tracking-uri", envvar="MLFLOW_TRACKING_URI", metavar="URL", help="Bring MLflow's aliases in step.")
@click.option("--sagemaker", is_flag=True, help="Bring the approval status of SageMaker's model packages in step.")
@click.option(
    "--artefacts",
    is_flag=True,
    help="Bring the pinned artefacts into the bucket: from that of `promotion.from_environment`, else from what is registered; by SHA-256.",
)
def sync(environment: str, tracking_uri: str | None, sagemaker: bool, artefacts: bool) -> None:
    """After a merge: bring MLflow's aliases, SageMaker's model packages and the artefact buckets in step with what is pinned."""
    from mlctl.config import load_environments
    from mlctl.errors import InputError
    from mlctl.evidence.client import aws_client
    from mlctl.promotion.follow import follow_artefacts, follow_mlflow, follow_sagemaker

    if not (tracking_uri or sagemaker or artefacts):
        raise InputError("says nothing to do", allowed="--tracking-uri, --sagemaker, --artefacts")
    here = root()
    place = load_environments(here / "environments", [environment])[0]
    lines: list[str] = []
    if artefacts:
        before = place.promotion.from_environment
        source = load_environments(here / "environments", [before])[0] if before else None
        lines += follow_artefacts(here, source, place, aws_client("s3", place.region))
    if sagemaker:
        lines += follow_sagemaker(here, place, aws_client("sagemaker", place.region))
    if tracking_uri:
        registry = _registry(tracking_uri)
        assert registry is not None
        lines += follow_mlflow(place, registry)
    click.echo("\n".join(lines) or "everything is in step")


def _text_or_file(given: str) -> str:
    """JSON that was given itself, or what the file of that name holds."""
    from mlctl.config.yaml_file import read_text

    return given if given.lstrip().startswith("[") else read_text(Path(given))


def _registry(uri: str | None) -> MlflowRegistry | None:
    from mlctl.promotion.registry import MlflowRegistry

    return MlflowRegistry(uri) if uri else None
