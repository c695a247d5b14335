"""Make the version before the champion the champion again: seconds, without training."""

from __future__ import annotations

from collections.abc import Iterator

from hera.workflows import DAG, Parameter

from mlctl.config.environment import Environment
from workflows.manifest import MAIN, Manifest, add_exit, common, finished, passed, template
from workflows.place import Place, places
from workflows.steps.release import roll_back
from workflows.tasks import result, task

KIND = "rollback"


def build(environment: Environment) -> Iterator[Manifest]:
    """A WorkflowTemplate per model."""
    return (rollback(place) for place in places(environment))


def rollback(place: Place) -> Manifest:
    """Point the registry's alias back. What serves in an environment is pinned in its file: `mlctl model rollback` changes that."""
    with template(place, KIND, f"Roll {place.name} back in the registry", parameters=common(place), minutes=15) as workflow:
        given = {**passed("model", "tracking-uri", "evidence-log"), "actor": "workflow {{workflow.name}}"}
        outputs = [result("version", "{{tasks.roll-back.outputs.parameters.version}}")]
        with DAG(name=MAIN, inputs=[Parameter(name=name) for name in common(place)], outputs=outputs):
            task(roll_back, name="roll-back", arguments=given)
        add_exit(place)
    return finished(workflow, place)
