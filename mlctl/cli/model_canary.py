"""`mlctl model canary`: shift traffic to a new version step by step, and roll it back where it is worse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlctl.cli.model_moves import as_pull_request, base_option, by_option, remote_option, root, show, who_acts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlctl.config.environment import Environment
    from mlctl.config.model import Model
    from mlctl.evidence.record import Event
    from mlctl.promotion.canary import Limits
    from mlctl.promotion.canary_run import Outcome
    from mlctl.promotion.move import Moved, Who


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
    trial = _trial(name, environment, psi=psi, minimum_requests=minimum, step_seconds=step_minutes * 60)
    who = who_acts(by)
    if aws:
        outcome, unanswered = _deployed(trial, pause_seconds)
    else:
        outcome, unanswered = _local(trial, champion, challenger, source)
    _say(outcome, name, environment)
    details = {**outcome.figures(), "failed_for_callers": unanswered}
    event = who.event(kind="canary", model=name, version=trial.version, environment=environment, verdict=outcome.verdict, details=details)
    follow = _what_follows(trial, outcome, who, as_trial=aws and pull_request)
    if follow is not None and pull_request:
        _propose(event, outcome, follow, who, remote, base)
    else:
        _keep(trial.root, event, follow)
    return 0 if outcome.result == "champion_replaced" else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What is judged, where, and by which limits."""

    root: Path
    name: str
    place: Environment
    definition: Mapping[str, Any]
    limits: Limits

    @property
    def model(self) -> Model:
        return self.place.models[self.name]

    @property
    def version(self) -> int | None:
        return self.model.challenger.version if self.model.challenger else self.model.version


@dataclass(frozen=True, slots=True, kw_only=True)
class _Follow:
    """What changes the pinned version after a canary: how, on which branch, under which title."""

    move: Callable[[Path], Moved]
    branch: str
    title: str


def _trial(name: str, environment: str, **given: Any) -> _Trial:
    from mlctl.cli.model_traffic import model_definition
    from mlctl.config import load_environments
    from mlctl.errors import InputError
    from mlctl.promotion.canary_limits import limits_of

    here = root()
    [place] = load_environments(here / "environments", [environment])
    if name not in place.models:
        raise InputError(f"there is no model {name!r} in {environment}", key="NAME", allowed=", ".join(place.models))
    definition = model_definition(here, name)
    return _Trial(root=here, name=name, place=place, definition=definition, limits=limits_of(definition, place.promotion, **given))


def _deployed(trial: _Trial, pause_seconds: float) -> tuple[Outcome, int | None]:
    """(how it ended, requests without an answer where that is known) of what serves in the account."""
    import time

    from mlctl.cli.model_traffic import deployed_traffic, refuse_unseen
    from mlctl.evidence.client import aws_client
    from mlctl.promotion.canary_run import run_canary
    from mlctl.promotion.guarded_rollout import rollout_outcome

    place, model, limits = trial.place, trial.model, trial.limits
    if model.mode == "realtime" and model.challenger is None and model.version is not None:
        endpoint, sagemaker = f"{place.prefix}-{trial.name}", aws_client("sagemaker", place.region)
        return rollout_outcome(endpoint, model.version, sagemaker, asked=limits.asked), None
    traffic = deployed_traffic(place, trial.name, trial.definition)
    refuse_unseen(trial.name, model, limits)
    steps = place.promotion.canary_steps
    return run_canary(traffic, steps, limits, pause=lambda: time.sleep(pause_seconds), tell=_tell), traffic.failed_for_callers


def _local(trial: _Trial, champion: str | None, challenger: str | None, source: Path | None) -> tuple[Outcome, int | None]:
    """The same of two servers on this machine and a file of requests."""
    from mlctl.cli.model_traffic import local_traffic
    from mlctl.promotion.canary_run import run_canary

    traffic = local_traffic(trial.place, trial.name, trial.definition, champion, challenger, source)
    outcome = run_canary(traffic, trial.place.promotion.canary_steps, trial.limits, tell=_tell)
    return outcome, traffic.failed_for_callers


def _what_follows(trial: _Trial, outcome: Outcome, who: Who, *, as_trial: bool) -> _Follow | None:
    """The promotion of a challenger that won as a trial in the cloud; the rollback of one that was refused; else nothing."""
    from mlctl.promotion.move import promote, rollback

    name, environment, version = trial.name, trial.place.name, trial.version
    if outcome.result == "rolled_back" and version is not None:
        refused = ", ".join(check.name for check in outcome.decision.checks if check.verdict == "fail")

        def back(tree: Path) -> Moved:
            return rollback(tree, name, environment, who, reason=f"the canary refused it: {refused}")

        return _Follow(move=back, branch=f"rollback/{name}-in-{environment}", title=f"Roll back {name} in {environment}")
    if outcome.result == "champion_replaced" and as_trial and trial.model.challenger:

        def forward(tree: Path) -> Moved:
            return promote(tree, name, environment, who, version=version)

        title = f"Promote {name} to {environment}: its canary took over"
        return _Follow(move=forward, branch=f"promote/{name}-{version}-to-{environment}", title=title)
    return None


def _keep(root: Path, event: Event, follow: _Follow | None) -> None:
    """Write the evidence, and do what follows from it, here."""
    from mlctl.evidence.log import EvidenceLog

    EvidenceLog(root / "evidence").append([event])
    if follow is not None:
        show(follow.move(root), "text")


def _propose(event: Event, outcome: Outcome, follow: _Follow, who: Who, remote: str, base: str) -> None:
    """The same as a pull request, which shows what the canary found beside the gates."""
    from dataclasses import replace

    from mlctl.evidence.log import EvidenceLog

    found = tuple(replace(check, name=f"canary: {check.name}") for check in outcome.decision.checks)

    def move(tree: Path) -> Moved:
        EvidenceLog(tree / "evidence").append([event])
        moved = follow.move(tree)
        return replace(moved, checks=(*moved.checks, *found))

    as_pull_request(move, who, follow.branch, follow.title, remote, base, "text")


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _say(outcome: Outcome, name: str, environment: str) -> None:
    for check in outcome.decision.checks:
        click.echo(f"{check.verdict.replace('_', ' '):<14} {check.name:<14} {check.detail}")
    left = f"; not evaluated: {', '.join(outcome.decision.unanswered)}" if outcome.decision.unanswered else ""
    click.echo(f"{name} in {environment}: {outcome.result.replace('_', ' ')}{left}")
