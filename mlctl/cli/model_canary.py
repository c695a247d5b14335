"""`mlctl model canary`: shift traffic to a new version step by step, and roll it back where it is worse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlctl.cli.model_moves import as_pull_request, base_option, by_option, remote_option, root, show, who_acts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlctl.config.environment import Environment
    from mlctl.evidence.record import Verdict
    from mlctl.promotion.canary import Limits
    from mlctl.promotion.canary_run import Outcome
    from mlctl.promotion.move import Moved

_VERDICTS: dict[str, Verdict] = {"champion_replaced": "pass", "rolled_back": "fail", "no_traffic": "not_evaluated"}


@click.command("canary")
@click.argument("name")
@click.option("--env", "environment", required=True, metavar="ENV", help="Whose `canary_steps` and alarm limits hold.")
@click.option("--champion", metavar="URL", help="Server of the version that is known: http://127.0.0.1:8001.")
@click.option("--challenger", metavar="URL", help="Server of the version on trial.")
@click.option("--requests", "source", type=click.Path(path_type=Path, dir_okay=False), help='JSON lines to send: {"body": …, "groups": …}.')
@click.option("--aws", is_flag=True, help="Shift and watch what is deployed instead of two local servers.")
@click.option("--minimum", type=click.IntRange(min=1), default=200, show_default=True, help="Answers of the challenger before a step ends.")
@click.option("--step-minutes", type=click.FloatRange(min=0.01), default=60.0, show_default=True, help="How long a step waits for them.")
@click.option(
    "--psi", type=click.FloatRange(min=0, min_open=True), help="How far scores may move. Default: the model's drift.prediction_psi."
)
@click.option("--pause-seconds", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Between two looks, with --aws.")
@click.option("--pull-request", is_flag=True, help="Where it is rolled back: open the revert instead of editing files here.")
@remote_option
@base_option
@by_option
def canary(
    name: str,
    environment: str,
    champion: str | None,
    challenger: str | None,
    source: Path | None,
    aws: bool,
    minimum: int,
    step_minutes: float,
    psi: float | None,
    pause_seconds: float,
    pull_request: bool,
    remote: str,
    base: str,
    by: str | None,
) -> int:
    """Shift traffic to a new version step by step; roll it back by itself where it is worse. Status 1 where it did not take over."""
    from mlctl.cli.model_traffic import model_definition
    from mlctl.config import load_environments
    from mlctl.errors import InputError
    from mlctl.evidence.log import EvidenceLog
    from mlctl.promotion.canary_limits import limits_of
    from mlctl.promotion.move import promote, rollback

    here, who = root(), who_acts(by)
    [place] = load_environments(here / "environments", [environment])
    model = place.models.get(name)
    if model is None:
        raise InputError(f"there is no model {name!r} in {environment}", key="NAME", allowed=", ".join(place.models))
    definition = model_definition(here, name)
    limits = limits_of(definition, psi=psi, minimum_requests=minimum, step_seconds=step_minutes * 60)
    if aws:
        outcome, unanswered = _deployed(place, name, definition, limits, pause_seconds)
    else:
        outcome, unanswered = _local(place, name, definition, limits, (champion, challenger, source))
    version = model.challenger.version if model.challenger else model.version
    _say(outcome, name, environment)
    details = {**outcome.figures(), "failed_for_callers": unanswered}
    event = who.event(
        kind="canary", model=name, version=version, environment=environment, verdict=_VERDICTS[outcome.result], details=details
    )
    won = outcome.result == "champion_replaced"
    if version is None or outcome.result == "no_traffic" or (won and not (aws and model.challenger and pull_request)):
        EvidenceLog(here / "evidence").append([event])
        return 0 if won else 1
    refused = ", ".join(check.name for check in outcome.decision.checks if check.verdict == "fail")

    def follow(tree: Path) -> Moved:
        EvidenceLog(tree / "evidence").append([event])
        if won:
            return promote(tree, name, environment, who, version=version)
        return rollback(tree, name, environment, who, reason=f"the canary refused it: {refused}")

    branch, title = _branch(won, name, environment, version)
    if pull_request:
        as_pull_request(follow, who, branch, title, remote, base, "text")
    else:
        show(follow(here), "text")
    return 0 if won else 1


def _deployed(
    place: Environment, name: str, definition: Mapping[str, Any], limits: Limits, pause_seconds: float
) -> tuple[Outcome, int | None]:
    """(how it ended, requests without an answer where that is known) of what serves in the account."""
    import time

    from mlctl.cli.model_traffic import deployed_traffic
    from mlctl.evidence.client import aws_client
    from mlctl.promotion.canary_run import run_canary
    from mlctl.promotion.guarded_rollout import rollout_outcome

    model = place.models[name]
    if model.mode == "realtime" and model.challenger is None and model.version is not None:
        return rollout_outcome(f"{place.prefix}-{name}", model.version, aws_client("sagemaker", place.region)), None
    traffic = deployed_traffic(place, name, definition)
    steps = place.promotion.canary_steps
    return run_canary(traffic, steps, limits, pause=lambda: time.sleep(pause_seconds), tell=_tell), traffic.failed_for_callers


def _local(
    place: Environment, name: str, definition: Mapping[str, Any], limits: Limits, given: tuple[str | None, str | None, Path | None]
) -> tuple[Outcome, int | None]:
    """The same of two servers on this machine: champion, challenger and the file of requests."""
    from mlctl.cli.model_traffic import local_traffic
    from mlctl.promotion.canary_run import run_canary

    traffic = local_traffic(place, name, definition, *given)
    outcome = run_canary(traffic, place.promotion.canary_steps, limits, tell=_tell)
    return outcome, traffic.failed_for_callers


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _branch(won: bool, name: str, environment: str, version: int) -> tuple[str, str]:
    """(branch, title) of what follows from a canary."""
    if won:
        return f"promote/{name}-{version}-to-{environment}", f"Promote {name} to {environment}: its canary took over"
    return f"rollback/{name}-in-{environment}", f"Roll back {name} in {environment}"


def _say(outcome: Outcome, name: str, environment: str) -> None:
    for check in outcome.decision.checks:
        click.echo(f"{check.verdict.replace('_', ' '):<14} {check.name:<14} {check.detail}")
    click.echo(f"{name} in {environment}: {outcome.result.replace('_', ' ')}")
