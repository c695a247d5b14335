"""Watch a model's decisions: judge windows, alert, and start retraining when the rule of the model file says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hera.workflows import DAG, Artifact, Parameter, S3Artifact, Task
from hera.workflows.models import TemplateRef

from mlctl.config.environment import Environment
from workflows import retraining
from workflows.manifest import MAIN, WEBHOOK, Manifest, add_artefacts, add_exit, cron, finished, passed, template
from workflows.place import Place, places
from workflows.steps.release import fetch
from workflows.steps.watch import alert, monitor
from workflows.tasks import in_order, output, result, task

KIND = "monitoring"
OWN = ("windows", "minutes")
ARTEFACTS = ("decisions", "outcomes", "history")


def build(environment: Environment) -> Iterator[Manifest]:
    """A WorkflowTemplate and its schedule per model."""
    for place in places(environment):
        yield monitoring(place)
        yield cron(place, KIND, environment.schedules.monitoring, {})


def key(place: Place, name: str) -> str:
    """Where an artefact of monitoring stays from run to run, in the artefact bucket below the team's own prefix."""
    return f"{place.team.name}/monitoring/{place.name}/{name}"


def monitoring(place: Place) -> Manifest:
    """Judge the last windows of one model.

    `windows` is a JSON list of {"start", "end"}; an empty one means the last `minutes`, and no minutes what is due by the model file.
    """
    own = {**retraining.parameters(place), "windows": "[]", "minutes": ""}
    about = f"Watch the decisions of {place.name}; retrain on drift"
    with template(place, KIND, about, parameters=own, minutes=72 * 60) as workflow:
        add_artefacts(workflow, *(_stored(place, name) for name in ARTEFACTS))
        inputs = [Artifact(name=name, optional=True) for name in ARTEFACTS]
        outputs = [
            result("verdict", "{{tasks.monitor.outputs.parameters.verdict}}"),
            result("retrain", "{{tasks.monitor.outputs.parameters.retrain}}"),
        ]
        named = dict.fromkeys((*retraining.HANDED, *OWN))
        with DAG(name=MAIN, inputs=[*(Parameter(name=name) for name in named), *inputs], outputs=outputs):
            champion = task(fetch, name="champion", arguments={**passed("model", "tracking-uri"), "wanted": "champion"})
            judged = task(monitor, name="monitor", arguments=_judge_arguments(place, champion))
            told = task(
                alert,
                name="alert",
                arguments=[{"webhook-variable": WEBHOOK}, output(judged, "report")],
                when="{{tasks.monitor.outputs.parameters.verdict}} == drift",
            )
            again = Task(
                name="retrain",
                template_ref=TemplateRef(name=f"{place.name}-{retraining.KIND}", template=MAIN),
                arguments=passed(*retraining.HANDED),
                when="{{tasks.monitor.outputs.parameters.retrain}} == true",
            )
            in_order(champion, judged, told)
            in_order(judged, again)
        add_exit(place)
    found = finished(workflow, place)
    _keep_history(found, place)
    return found


def _judge_arguments(place: Place, champion: Task) -> list[Any]:
    given = {**passed("model", "evidence-log", *OWN), "link": place.link, "actor": "workflow {{workflow.name}}"}
    version = {"version": "{{tasks.champion.outputs.parameters.version}}"}
    kept = [Artifact(name=name, from_=f"{{{{inputs.artifacts.{name}}}}}", optional=True) for name in ARTEFACTS]
    return [{**given, **version}, output(champion, "fetched"), *kept]


def _stored(place: Place, name: str) -> Artifact:
    return S3Artifact(name=name, optional=True, key=key(place, name))


def _keep_history(manifest: Manifest, place: Place) -> None:
    """The history is written where the next run reads it."""
    for item in manifest["spec"]["templates"]:
        if item["name"] == "monitor":
            kept = next(artefact for artefact in item["outputs"]["artifacts"] if artefact["name"] == "judged")
            kept.update(s3={"key": key(place, "history")}, archive={"none": {}})
