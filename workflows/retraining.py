"""Train again, in the cheap hours: started by monitoring when the rule of the model file says so, or by hand."""

from __future__ import annotations

from collections.abc import Iterator

from hera.workflows import DAG, Parameter, Suspend, Task
from hera.workflows.models import TemplateRef

from mlctl.config.environment import Environment
from workflows import training
from workflows.manifest import MAIN, Manifest, add_exit, finished, passed, template
from workflows.place import Place, places
from workflows.steps.watch import off_peak
from workflows.tasks import in_order, result, task

KIND = "retraining"
HANDED = (*training.HANDED, "window")
"""Inputs of `main`, so that monitoring can run it as a task."""


def build(environment: Environment) -> Iterator[Manifest]:
    """A WorkflowTemplate per model."""
    return (retraining(place) for place in places(environment))


def parameters(place: Place) -> dict[str, str]:
    """Those of training, and the daily window in which it may start."""
    return {**training.parameters(place), "window": place.environment.schedules.training_window or ""}


def retraining(place: Place) -> Manifest:
    """Wait for the window, then train as always: the new model must beat the champion and pass every gate."""
    about = f"Train {place.name} again in the cheap hours"
    with template(place, KIND, about, parameters=parameters(place), minutes=48 * 60) as workflow:
        waiting = Suspend(name="wait", duration="{{inputs.parameters.seconds}}", inputs=[Parameter(name="seconds")])
        outputs = [
            result("version", "{{tasks.train.outputs.parameters.version}}"),
            result("decision", "{{tasks.train.outputs.parameters.decision}}"),
        ]
        with DAG(name=MAIN, inputs=[Parameter(name=name) for name in HANDED], outputs=outputs):
            critical = str(place.model.critical).lower()
            when = task(off_peak, name="off-peak", arguments={**passed("window"), "critical": critical})
            seconds = "{{tasks.off-peak.outputs.parameters.wait}}"
            waited = Task(name="wait", template=waiting, arguments={"seconds": seconds}, when=f"{seconds} > 0")
            Task(
                name="train",
                template_ref=TemplateRef(name=f"{place.name}-{training.KIND}", template=MAIN),
                arguments=passed(*training.HANDED),
                depends="wait.Succeeded || wait.Skipped",
            )
            in_order(when, waited)
        add_exit(place)
    return finished(workflow, place)
