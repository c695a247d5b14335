"""Check a registered version before it is promoted: its bytes, its gates on fresh data, its latency here; then ask for the pull request."""

from __future__ import annotations

from collections.abc import Iterator

from hera.workflows import DAG, Parameter

from mlctl.config.environment import Environment
from workflows.judgement import add_judgement
from workflows.manifest import MAIN, Manifest, add_exit, common, finished, passed, template
from workflows.place import Place, places
from workflows.steps.prepare import build_features, ingest, screen
from workflows.steps.release import fetch, record_checks, unpack
from workflows.steps.watch import request_promotion
from workflows.tasks import in_order, output, result, task

KIND = "promotion-checks"


def build(environment: Environment) -> Iterator[Manifest]:
    """A WorkflowTemplate per model."""
    return (promotion_checks(place) for place in places(environment))


def promotion_checks(place: Place) -> Manifest:
    """Judge version `version` (a number or an alias) again, and write down what came of it.

    With `request` true and every check passed, promote.yml is started on GitHub for this environment.
    """
    own = common(place, version="challenger", knobs="{}", request="false")
    about = f"Check a version of {place.name} before its promotion to {place.environment.name}"
    with template(place, KIND, about, parameters=own, minutes=240) as workflow:
        outputs = [result("decision", "{{tasks.decide.outputs.parameters.promote}}")]
        with DAG(name=MAIN, inputs=[Parameter(name=name) for name in own], outputs=outputs):
            _add_checks(place)
        add_exit(place)
    return finished(workflow, place)


def _add_checks(place: Place) -> None:
    registry = passed("model", "tracking-uri")
    wanted = task(fetch, name="fetch", arguments={**registry, "wanted": "{{inputs.parameters.version}}"})
    champion = task(fetch, name="champion", arguments={**registry, "wanted": "champion"})
    data = task(ingest, name="ingest", arguments=passed("model", "knobs"))
    features = task(build_features, name="features", arguments=[registry, {"training": "{}"}, output(data, "data")])
    kept = output(features, "features")
    screened = task(screen, name="screen", arguments=[passed("model"), kept])
    ready = task(unpack, name="unpack", arguments=[passed("model"), output(wanted, "fetched")])
    judged = add_judgement(kept, output(ready, "bundle"), output(champion, "fetched", "champion"))
    in_order(wanted, ready)
    in_order(champion, judged.evaluate)
    in_order(data, features, screened)
    for judge in judged.judges:
        in_order(ready, judge)
        in_order(screened, judge)
    version = {"version": "{{tasks.fetch.outputs.parameters.version}}", "environment": place.environment.name}
    given = {**passed("model", "evidence-log"), **version, "actor": "workflow {{workflow.name}}"}
    noted = task(
        record_checks, name="record", arguments=[given, output(ready, "bundle"), output(screened, "screening"), *judged.evidence[:4]]
    )
    asked = task(
        request_promotion,
        name="request",
        arguments=[
            {**passed("model"), **version, "repository": place.environment.repository, "token-variable": "GITHUB_TOKEN"},
            output(noted, "events"),
        ],
        when="{{inputs.parameters.request}} == true && {{tasks.decide.outputs.parameters.promote}} == true",
    )
    in_order(judged.decide, noted, asked)
