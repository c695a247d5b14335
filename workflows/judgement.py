"""The tasks that judge a trained model: shared by training and by the checks before a promotion."""

from __future__ import annotations

from dataclasses import dataclass

from hera.workflows import Artifact, Task

from workflows.manifest import passed
from workflows.steps.judge import check_fairness, decide, evaluate, explain, package
from workflows.tasks import in_order, output, task

EVIDENCE = ("evaluation", "fairness", "explanation", "package")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The tasks, and the artefacts they give by name."""

    judges: tuple[Task, ...]
    """What must wait for the bundle."""
    evaluate: Task
    decide: Task
    evidence: tuple[Artifact, ...]
    """evaluation, fairness, explanation, package, decision."""


def add_judgement(features: Artifact, bundle: Artifact, champion: Artifact) -> Judgement:
    """Inside a DAG: evaluation, fairness, explanation and packaging side by side, and the decision after them."""
    given = [passed("model"), features, bundle]
    evaluated = task(evaluate, name="evaluate", arguments=[*given, champion])
    others = {
        "fairness": task(check_fairness, name="fairness", arguments=given),
        "explanation": task(explain, name="explain", arguments=given),
        "package": task(package, name="package", arguments=given),
    }
    found = {"evaluation": evaluated, **others}
    kept = [output(task, name) for name, task in found.items()]
    decided = task(decide, name="decide", arguments=[passed("model"), *kept])
    for judge in found.values():
        in_order(judge, decided)
    return Judgement(judges=tuple(found.values()), evaluate=evaluated, decide=decided, evidence=(*kept, output(decided, "decision")))
