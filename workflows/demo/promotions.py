"""Pull requests and canaries, as the report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from workflows.demo import chart
from workflows.demo.canary import Trial
from workflows.demo.chart import Bar
from workflows.demo.hub import PullRequest
from workflows.demo.story import Story

KINDS = {"promotion", "canary", "rollback", "approval", "deployment"}


def values(story: Story) -> dict[str, Any]:
    """The template's values about what happened in git and on live traffic."""
    refusal = story.gitops.refusal
    assert refusal is not None
    return {
        "pulls": [_pull(pull) for pull in story.gitops.merged],
        "refused": [line.strip() for line in refusal.errors.splitlines()],
        "trials": [_trial(trial) for trial in story.trials],
        "kept": [record for record in story.gitops.log.records() if record.kind in KINDS],
    }


def _pull(pull: PullRequest) -> dict[str, Any]:
    """Its title and the changed lines."""
    lines = [line for line in pull.changed.splitlines() if not line.startswith(("diff ", "index ", "--- ", "+++ "))]
    changed = [{"text": line, "kind": {"+": "plus", "-": "minus", "@": "at"}.get(line[:1], "")} for line in lines]
    return {"number": pull.number, "title": pull.title, "changed": changed}


def _trial(trial: Trial) -> dict[str, Any]:
    seconds = sum(step["seconds"] for step in trial.figures["steps"])
    return {
        "title": f"Version {trial.version}, {trial.title}",
        "verdict": "took over" if trial.took_over else "rolled back",
        "kind": "good" if trial.took_over else "bad",
        "picture": _steps(trial),
        "checks": trial.figures["checks"],
        "note": f"{trial.unanswered} requests of callers went unanswered, in {seconds:.0f} s.",
    }


def _steps(trial: Trial) -> Markup:
    """How many requests each side answered in each step."""
    bars = []
    for step in trial.figures["steps"]:
        bars += [_bar(f"{step['percent']} %: champion", step["champion"], "dim"), _bar("challenger", step["challenger"], "a")]
    return chart.bars(bars)


def _bar(label: str, arm: Mapping[str, Any], kind: str) -> Bar:
    failed = f", {arm['errors']} failed" if arm["errors"] else ""
    return Bar(label=label, value=arm["requests"], text=f"{arm['requests']} requests{failed}", kind=kind)
