"""Steps that look at what a model does: score a batch, monitor windows of decisions, tell people."""

import json
from pathlib import Path
from typing import Annotated, Any

from hera.workflows import Artifact, Parameter, script

from ml.errors import InputError
from workflows.steps.told import RUNNER, told
from workflows.steps.windows import whole_number


@script(constructor=RUNNER)
@told
def score_batch(
    decided_at: Annotated[str, Parameter(name="decided-at")],
    chunk_rows: Annotated[str, Parameter(name="chunk-rows")],
    fetched: Annotated[Path, Artifact(name="fetched")],
    requests: Annotated[Path, Artifact(name="requests")],
    scored: Annotated[Path, Artifact(name="scored", path="/work/scored", output=True)],
) -> Annotated[str, Parameter(name="rows")]:
    """Score a Parquet file in chunks. /work outlives a lost node, so the next attempt goes on after the last whole chunk."""
    from ml.serving.batch import score_parquet

    registered = fetched / "registered"
    if not registered.is_dir():
        raise InputError("there is no champion to score with", remedy="train and promote a version first")
    found = score_parquet(registered, requests, scored, decided_at=decided_at, chunk_rows=whole_number(chunk_rows, "chunk-rows"))
    print(f"{found['scored']} rows scored, {found['quarantined']} in quarantine, {found['resumed']} chunks were there already")
    return str(found["scored"])


@script(constructor=RUNNER)
@told
def monitor(
    model: str,
    windows: str,
    minutes: str,
    link: str,
    actor: str,
    evidence_log: Annotated[str, Parameter(name="evidence-log")],
    version: str,
    fetched: Annotated[Path, Artifact(name="fetched")],
    decisions: Annotated[Path | None, Artifact(name="decisions", optional=True)],
    outcomes: Annotated[Path | None, Artifact(name="outcomes", optional=True)],
    history: Annotated[Path | None, Artifact(name="history", optional=True)],
    report: Annotated[Path, Artifact(name="report", output=True)],
    judged: Annotated[Path, Artifact(name="judged", output=True)],
) -> tuple[Annotated[str, Parameter(name="verdict")], Annotated[str, Parameter(name="retrain")]]:
    """Judge windows of a model's decisions, oldest first, and say whether to retrain.

    `windows` is a JSON list of {"start", "end"}; an empty one means the `minutes` up to now, and where those are empty too, what is due.
    `judged` is the history the next run starts from.
    """
    from ml.monitoring.run import Seen
    from workflows.steps.windows import judge_windows, windows_of

    due = windows_of(windows, minutes, model, history)
    lacking = "no champion" if not (fetched / "registered").is_dir() else "no decisions" if decisions is None else "no window is due"
    if decisions is None or not due or not (fetched / "registered").is_dir():
        print(f"{model}: {lacking}, so there is nothing to judge")
        judged.write_text(history.read_text() if history else json.dumps({"model": model, "windows": []}), encoding="utf-8")
        report.mkdir(parents=True)
        return "not_evaluated", "false"
    reference = fetched / "registered" / "bundle" / "reference.parquet"
    seen = Seen(reference=reference, current=decisions, labels=outcomes, history=history)
    found = judge_windows(model, due, decisions, seen, report, link=link, version=version)
    judged.write_bytes((report / "history.json").read_bytes())
    _note(found, model, actor, evidence_log, int(version))
    for line in found["lines"]:
        print(line)
    return found["verdict"], "true" if found["retrain"] else "false"


@script(constructor=RUNNER)
@told
def alert(
    webhook: Annotated[str, Parameter(name="webhook-variable")],
    report: Annotated[Path, Artifact(name="report")],
) -> None:
    """Tell people what drifted: model, feature, size, and where to act."""
    from workflows.steps.telling import tell

    texts = json.loads((report / "alerts.json").read_text(encoding="utf-8"))["alerts"]
    for item in texts:
        tell(webhook, item["text"])


@script(constructor=RUNNER)
@told
def notify(
    webhook: Annotated[str, Parameter(name="webhook-variable")],
    workflow: str,
    model: str,
    status: str,
    failures: str,
    link: str,
) -> None:
    """Tell people how a workflow ended. Success is written to the log only."""
    from workflows.steps.telling import failure_lines, tell

    if status == "Succeeded":
        print(f"{model}: {workflow} succeeded")
        return
    tell(webhook, f"{model}: {workflow} {status.lower()}: {failure_lines(failures)}. Act: {link}")


@script(constructor=RUNNER)
@told
def off_peak(window: str, critical: str) -> Annotated[str, Parameter(name="wait")]:
    """Say how long to wait for the cheap hours, in seconds; a critical model does not wait, and no window means none."""
    from workflows.steps.windows import seconds_until

    wait = 0 if critical == "true" else seconds_until(window)
    print(f"starts in {wait} s" + (f", in the window {window} UTC" if wait else ""))
    return str(wait)


@script(constructor=RUNNER)
@told
def periods(model: str, start: str, end: str, days: str) -> Annotated[str, Parameter(name="periods")]:
    """Cut a range of dates into periods: a JSON list of {"name", "knobs", "as-of"}, for one task each."""
    from ml.spec import load_spec
    from workflows.steps.windows import cut

    found = cut(start, end, whole_number(days, "days"), generated=load_spec(model).data.generator is not None)
    print(f"{len(found)} periods of {days} days")
    return json.dumps(found)


@script(constructor=RUNNER)
@told
def request_promotion(
    model: str,
    version: str,
    environment: str,
    repository: str,
    token: Annotated[str, Parameter(name="token-variable")],
    events: Annotated[Path, Artifact(name="events")],
) -> None:
    """Start promote.yml on GitHub, which opens the pull request. The evidence goes with it: what the log lacks is added to it there."""
    from workflows.steps.telling import dispatch

    evidence = (events / "events.json").read_text(encoding="utf-8")
    dispatch(repository, token, {"model": model, "version": version, "environment": environment, "evidence": evidence})
    print(f"{model}: asked for version {version} to be promoted to {environment}")


def _note(found: dict[str, Any], model: str, actor: str, log: str, version: int) -> None:
    from mlctl.evidence.record import Verdict
    from workflows.steps.evidence import note

    verdicts: dict[str, Verdict] = {"ok": "pass", "drift": "fail", "not_evaluated": "not_evaluated"}
    for window in found["windows"]:
        note(
            "monitoring",
            model,
            actor,
            log,
            version=version,
            verdict=verdicts[window["verdict"]],
            window=window["window"],
            drifted=window["drifted"],
            retrain=found["retrain"],
        )
