"""Train a model: data, features, screening, search, judgement, packaging, registration and, where asked, promotion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hera.workflows import DAG, Artifact, Parameter, Task

from mlctl.config.environment import Environment
from workflows.judgement import add_judgement
from workflows.manifest import MAIN, Manifest, add_exit, common, cron, finished, passed, template
from workflows.place import Place, places
from workflows.steps.prepare import build_features, ingest, screen, train, train_on_gpu
from workflows.steps.publish import publish_features
from workflows.steps.release import fetch, promote, register
from workflows.tasks import in_order, output, result, task

KIND = "training"
HANDED = ("model", "tracking-uri", "evidence-log", "knobs", "training", "promote", "publish", "accelerator")
"""Inputs of `main`, so that other workflows can run it as a task of theirs."""

FIT = ("model", "tracking-uri", "training", "fingerprint")
"""Parameters of whatever fits the model; it gets the artefact `features` and gives the artefact `bundle`."""


def build(environment: Environment) -> Iterator[Manifest]:
    """A WorkflowTemplate and its schedule per model."""
    for place in places(environment):
        yield training(place)
        yield cron(place, KIND, environment.schedules.training, {})


def training(place: Place) -> Manifest:
    """Train, judge and register one model.

    In development the champion changes as soon as the decision allows; elsewhere a pull request does it.
    """
    with template(place, KIND, f"Train, judge and register {place.name}", parameters=parameters(place), minutes=720) as workflow:
        add_training(place)
        add_exit(place)
    return finished(workflow, place)


def parameters(place: Place) -> dict[str, str]:
    """The parameters of training, with what they are here if nobody says otherwise."""
    development = place.environment.tier == "development"
    return common(place, knobs="{}", training="{}", promote=str(development).lower(), publish="false", accelerator="cpu")


def add_training(place: Place, *, own_fit: bool = False) -> None:
    """The DAG `main`, with outputs `version` and `decision`; with `own_fit` the caller defines the template `fit` for what FIT names."""
    if place.gpu_pool is not None and not own_fit:
        _add_fit()
    outputs = [
        result("version", "{{tasks.register.outputs.parameters.version}}"),
        result("decision", "{{tasks.decide.outputs.parameters.promote}}"),
    ]
    handed_in = [name for name in HANDED if not (own_fit and name == "accelerator")]
    with DAG(name=MAIN, inputs=[_input(name, place) for name in handed_in], outputs=outputs):
        data = task(ingest, name="ingest", arguments=passed("model", "knobs"))
        features = task(build_features, name="features", arguments=[passed("model", "tracking-uri", "training"), output(data, "data")])
        kept = output(features, "features")
        published = task(publish_features, name="publish", arguments=[passed("model"), kept], when="{{inputs.parameters.publish}} == true")
        screened = task(screen, name="screen", arguments=[passed("model"), kept])
        champion = task(fetch, name="champion", arguments={**passed("model", "tracking-uri"), "wanted": "champion"})
        fingerprint = {"fingerprint": features.get_parameter("fingerprint").value}
        handed = [passed("model", "tracking-uri", "training"), fingerprint, kept]
        trained = _train(place, handed, own_fit=own_fit)
        judged = add_judgement(kept, output(trained, "bundle"), output(champion, "fetched", "champion"))
        in_order(data, features, screened)
        in_order(features, published)
        in_order(screened, trained)
        in_order(champion, judged.evaluate)
        for judge in judged.judges:
            in_order(trained, judge)
        _add_release(judged.decide, [output(screened, "screening"), *judged.evidence, output(trained, "bundle")])


def _train(place: Place, handed: list[Any], *, own_fit: bool) -> Task:
    if own_fit:
        return Task(name="train", template="fit", arguments=handed)
    if place.gpu_pool is None:
        return task(train, name="train", arguments=handed)
    return Task(name="train", template="fit", arguments=[*handed, passed("accelerator")])


def _input(name: str, place: Place) -> Parameter:
    """Only the accelerator is limited: to what the environment has for the team."""
    if name != "accelerator":
        return Parameter(name=name)
    return Parameter(name=name, enum=["cpu", "gpu"] if place.gpu_pool is not None else ["cpu"])


def _add_fit() -> None:
    """`fit`: training on the accelerator that was asked for."""
    chosen = "tasks.cpu.status == 'Succeeded' ? tasks.cpu.outputs.artifacts.bundle : tasks.gpu.outputs.artifacts.bundle"
    inputs: list[Any] = [*(Parameter(name=name) for name in (*FIT, "accelerator")), Artifact(name="features")]
    handed = [passed(*FIT), Artifact(name="features", from_="{{inputs.artifacts.features}}")]
    with DAG(name="fit", inputs=inputs, outputs=[Artifact(name="bundle", from_expression=chosen)]):
        task(train, name="cpu", arguments=handed, when="{{inputs.parameters.accelerator}} == cpu")
        task(train_on_gpu, name="gpu", arguments=handed, when="{{inputs.parameters.accelerator}} == gpu")


def _add_release(decided: Task, evidence: list[Artifact]) -> None:
    """Register whatever was decided: a refusal is evidence too. Promote only what was asked for and allowed."""
    given = {**passed("model", "tracking-uri", "evidence-log"), "actor": "workflow {{workflow.name}}"}
    registered = task(register, name="register", arguments=[given, *evidence])
    decision = next(item for item in evidence if item.name == "decision")
    allowed = "{{inputs.parameters.promote}} == true && {{tasks.decide.outputs.parameters.promote}} == true"
    promoted = task(promote, name="promote", arguments=[given, decision, output(registered, "registration")], when=allowed)
    in_order(decided, registered, promoted)
