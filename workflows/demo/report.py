"""The report of a demo: one HTML file that needs nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from ml.spec import load_spec
from workflows.demo import costs, pictures, promotions
from workflows.demo.runs import Run
from workflows.demo.story import DRIFTED, MODEL, Story, report_file
from workflows.demo.traffic import PER_REQUEST

TITLES = {
    "trained": "Training of both models",
    "monitored": "Monitoring, and the retraining it started",
    "biased": "Training on biased data",
}


def write_report(story: Story, seconds: float) -> Path:
    """Write the page and return its path."""
    page = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    values = {
        "model": MODEL,
        "environment": story.place.environment.name,
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "seconds": seconds,
        "acts": story.seconds,
        "champions": story.champions,
        "facts": _facts(story),
        "runs": [{"title": TITLES[name], "picture": pictures.timeline(run)} for name, run in story.runs.items()],
        **_judgement(story),
        **promotions.values(story),
        **_explanation(story.runs["trained"]),
        **_drift(story),
        **_latency(story),
        **costs.values(story),
        **_evidence(story),
    }
    path = report_file(story)
    path.write_text(page.get_template("report.html.j2").render(values), encoding="utf-8")
    return path


def _facts(story: Story) -> list[dict[str, Any]]:
    steps = sum(1 for run in story.runs.values() for _ in run.steps())
    answered = sum(burst.answered for burst in story.bursts)
    refused = sum(burst.refused for burst in story.bursts)
    alerts = story.runs["monitored"].document("alerts.json")["alerts"]
    return [
        {"value": steps, "text": f"steps in {len(story.runs)} workflow runs"},
        {"value": len(story.evidence), "text": "evidence records, chain " + ("whole" if not story.evidence_problems else "BROKEN")},
        {"value": f"{answered:,}", "text": f"decisions served; {refused} bad rows told why"},
        {"value": len(alerts), "text": "drift alerts"},
        {"value": len(story.gitops.merged), "text": f"pull requests merged; {len(story.trials)} canaries"},
        {"value": " → ".join(version for _, version in story.champions), "text": "versions that were champion"},
    ]


def _judgement(story: Story) -> dict[str, Any]:
    """Metrics, calibration, fairness and the refusal."""
    trained, again, biased = (story.runs[name] for name in ("trained", "monitored", "biased"))
    judged = [(f"{model}, first version", trained, model) for model in story.models]
    judged += [(f"{MODEL}, trained again after the drift", again, MODEL), (f"{MODEL}, trained on biased data", biased, MODEL)]
    fair = [(title, run, model) for title, run, model in judged if model == MODEL]
    return {
        "metrics": [pictures.metrics(title, run.document("evaluation.json", model=model)) for title, run, model in judged],
        "calibration": pictures.calibration(trained.document("evaluation.json", model=MODEL)),
        "fairness": [
            pictures.fairness(title, run.document("fairness.json", model=model), load_spec(model).fairness.adverse_impact_ratio)
            for title, run, model in fair
        ],
        "refusal": biased.document("decision.json", model=MODEL)["checks"],
    }


def _explanation(trained: Run) -> dict[str, Any]:
    found = trained.document("explanation.json", model=MODEL)
    told = [{"score": item["score"], "texts": [reason["text"] for reason in item["reasons"]]} for item in found["examples"]]
    return {"unit": found["unit"], "importance": pictures.importance(found), "swarm": pictures.swarm(found), "told": told}


def _drift(story: Story) -> dict[str, Any]:
    spec = load_spec(MODEL)
    run = story.runs["monitored"]
    windows = run.document("history.json", model=MODEL)["windows"]
    ticks = [burst.title for burst in story.bursts]
    return {
        "drift": pictures.drift(windows, ticks, limit=spec.drift.psi, shaded=DRIFTED),
        "performance": pictures.performance(windows, ticks, limit=spec.drift.performance_drop, shaded=DRIFTED),
        "metric": spec.training.metric,
        "alerts": [alert["text"] for alert in run.document("alerts.json")["alerts"]],
        "retrain_reason": pictures.last_reason(run),
    }


def _latency(story: Story) -> dict[str, Any]:
    packaged = story.runs["trained"].document("package.json", where=f"{MODEL}/")
    times = [each for burst in story.bursts for each in burst.milliseconds]
    return {
        "variants": pictures.variants(packaged),
        "package_reason": packaged["reason"],
        "per_request": PER_REQUEST,
        "served": pictures.histogram(times),
    }


def _evidence(story: Story) -> dict[str, Any]:
    problems = story.evidence_problems
    whole = "What the workflows wrote. Every record carries the hash of the one before it. Verified: no edit, no gap, nothing cut off."
    return {"evidence": story.evidence, "evidence_text": "; ".join(problems) or whole}
