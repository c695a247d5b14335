"""Score a Parquet file with the champion, in chunks that a lost node does not undo."""

from __future__ import annotations

from collections.abc import Iterator

from hera.workflows import DAG, Artifact, Parameter, S3Artifact

from mlctl.config.environment import Environment
from workflows.manifest import MAIN, Manifest, add_artefacts, add_exit, common, cron, finished, passed, template
from workflows.place import Place, places
from workflows.steps.release import fetch
from workflows.steps.watch import score_batch
from workflows.tasks import in_order, output, result, task

KIND = "batch-scoring"
WORK = "/work"
DISK = "50Gi"


def build(environment: Environment) -> Iterator[Manifest]:
    """A WorkflowTemplate per model, and a schedule where its mode is batch."""
    for place in places(environment):
        yield batch_scoring(place)
        if place.model.batch_schedule is not None:
            yield cron(place, KIND, place.model.batch_schedule, {"decided-at": "{{workflow.scheduledTime}}"})


def batch_scoring(place: Place) -> Manifest:
    """Score the artefact `requests`.

    The rows lie on a volume that belongs to the workflow: the next attempt of a lost step goes on after the last whole chunk.
    """
    own = {**common(place), "decided-at": "{{workflow.creationTimestamp}}", "chunk-rows": "50000"}
    with template(place, KIND, f"Score a file with {place.name}", parameters=own, minutes=16 * 60) as workflow:
        requests = S3Artifact(name="requests", key=f"{place.team.name}/batch/{place.name}/requests.parquet")
        add_artefacts(workflow, requests)
        outputs = [result("rows", "{{tasks.score.outputs.parameters.rows}}")]
        with DAG(name=MAIN, inputs=[*(Parameter(name=name) for name in own), Artifact(name="requests")], outputs=outputs):
            champion = task(fetch, name="champion", arguments={**passed("model", "tracking-uri"), "wanted": "champion"})
            given = [passed("decided-at", "chunk-rows"), output(champion, "fetched")]
            scored = task(score_batch, name="score", arguments=[*given, Artifact(name="requests", from_="{{inputs.artifacts.requests}}")])
            in_order(champion, scored)
        add_exit(place)
    found = finished(workflow, place)
    _on_a_volume(found, place)
    return found


def _on_a_volume(manifest: Manifest, place: Place) -> None:
    spec = manifest["spec"]
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": DISK}}}
    spec["volumeClaimTemplates"] = [{"metadata": {"name": "work", "labels": place.labels}, "spec": claim}]
    spec["volumeClaimGC"] = {"strategy": "OnWorkflowCompletion"}
    for item in spec["templates"]:
        if item["name"] == "score-batch":
            item["script"]["volumeMounts"].append({"name": "work", "mountPath": WORK})
            kept = next(artefact for artefact in item["outputs"]["artifacts"] if artefact["name"] == "scored")
            kept["s3"] = {"key": f"{place.team.name}/batch/{place.name}/{{{{workflow.name}}}}/scored.tgz"}
