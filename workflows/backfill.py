"""Make features of past periods anew, several at once: after a definition changed, or before a new feature is used."""

from __future__ import annotations

from collections.abc import Iterator

from hera.workflows import DAG, Parameter, Task

from mlctl.config.environment import Environment
from workflows.manifest import MAIN, Manifest, add_exit, common, finished, passed, template
from workflows.place import Place, places
from workflows.steps.prepare import build_features, ingest
from workflows.steps.watch import periods
from workflows.tasks import in_order, output, task

KIND = "backfill"
AT_ONCE = 4
ONE = "one-period"
GIVEN = ("model", "tracking-uri", "knobs", "as-of")


def build(environment: Environment) -> Iterator[Manifest]:
    """A WorkflowTemplate per model."""
    return (backfill(place) for place in places(environment))


def backfill(place: Place) -> Manifest:
    """Cut `start` to `end` into periods of `days`, and ingest and build the features of each as known at its end."""
    own = common(place, start="2025-01-01", end="2025-07-01", days="30")
    with template(place, KIND, f"Make past features of {place.name} anew", parameters=own, minutes=24 * 60) as workflow:
        _add_one()
        with DAG(name=MAIN, inputs=[Parameter(name=name) for name in own]):
            cut = task(periods, name="periods", arguments=passed("model", "start", "end", "days"))
            items = {name: f"{{{{item.{name}}}}}" for name in ("knobs", "as-of")}
            made = Task(
                name="period",
                template=ONE,
                arguments={**passed("model", "tracking-uri"), **items},
                with_param="{{tasks.periods.outputs.parameters.periods}}",
            )
            in_order(cut, made)
        add_exit(place)
    found = finished(workflow, place)
    found["spec"]["parallelism"] = AT_ONCE
    for item in found["spec"]["templates"]:
        if item["name"] == "build-features":
            key = f"{place.team.name}/features/{place.name}/{{{{inputs.parameters.as-of}}}}.tgz"
            item["outputs"]["artifacts"][0]["s3"] = {"key": key}
    return found


def _add_one() -> None:
    with DAG(name=ONE, inputs=[Parameter(name=name) for name in GIVEN]):
        data = task(ingest, name="ingest", arguments=passed("model", "knobs"))
        given = [passed("model", "tracking-uri", "as-of"), {"training": "{}"}, output(data, "data")]
        features = task(build_features, name="features", arguments=given)
        in_order(data, features)
