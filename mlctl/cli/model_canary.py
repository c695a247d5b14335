"""`mlctl model canary`: shift traffic to a new version step by step, and roll it back where it is worse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlctl.cli.model_moves import as_pull_request, base_option, by_option, remote_option, root, show, who_acts

if TYPE_CHECKING:
    from mlctl.evidence.record import Verdict
    from mlctl.promotion.canary_run import Outcome
    from mlctl.promotion.move import Moved

_VERDICTS: dict[str, Verdict] = {"champion_replaced": "pass", "rolled_back": "fail", "no_traffic": "not_evaluated"}


@click.command("canary")
@click.argument("name")
@click.option("--env", "environment", required=True, metavar="ENV", help="Whose `canary_steps` and alarm limits hold.")
@click.option("--champion", metavar="URL", help="Server of the version that is known: http://127.0.0.1:8001.")
@click.option("--challenger", metavar="URL", help="Server of the version on trial.")
@click.option("--requests", "source", type=click.Path(path_type=Path, dir_okay=False), help='JSON lines to send: {"body": …, "group": …}.')
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
    import time

    from mlctl.cli.model_traffic import aws_client, deployed_traffic, local_traffic, model_definition
    from mlctl.config import load_environments
    from mlctl.errors import InputError
    from mlctl.evidence.log import EvidenceLog
    from mlctl.promotion.canary_limits import limits_of
    from mlctl.promotion.canary_run import run_canary
    from mlctl.promotion.guarded_rollout import rollout_outcome
    from mlctl.promotion.move import promote, rollback

    here, who = root(), who_acts(by)
    [place] = load_environments(here / "environments", [environment])
    model = place.models.get(name)
    if model is None:
        raise InputError(f"there is no model {name!r} in {environment}", key="NAME", allowed=", ".join(place.models))
    definition = model_definition(here, name)
    version = model.challenger.version if model.challenger else model.version
    if aws and model.mode == "realtime" and model.challenger is None and version is not None:
        outcome, unanswered = rollout_outcome(f"{place.prefix}-{name}", version, aws_client("sagemaker", place)), None
    else:
        traffic = deployed_traffic(place, name, definition) if aws else local_traffic(place, name, definition, champion, challenger, source)
        limits = limits_of(definition, psi=psi, minimum_requests=minimum, step_seconds=step_minutes * 60)
        pause = (lambda: time.sleep(pause_seconds)) if aws else (lambda: None)
        outcome = run_canary(traffic, place.promotion.canary_steps, limits, pause=pause, tell=lambda line: click.echo(line, err=True))
        unanswered = traffic.failed_for_callers
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


def _branch(won: bool, name: str, environment: str, version: int) -> tuple[str, str]:
    """(branch, title) of what follows from a canary."""
    if won:
        return f"promote/{name}-{version}-to-{environment}", f"Promote {name} to {environment}: its canary took over"
    return f"rollback/{name}-in-{environment}", f"Roll back {name} in {environment}"


def _say(outcome: Outcome, name: str, environment: str) -> None:
    for check in outcome.decision.checks:
        click.echo(f"{check.verdict.replace('_', ' '):<14} {check.name:<14} {check.detail}")
    click.echo(f"{name} in {environment}: {outcome.result.replace('_', ' ')}")
