"""Steps up to a trained model."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

from hera.workflows import Artifact, Parameter, script

from ml.errors import InputError
from workflows.steps.told import RUNNER, told


@script(constructor=RUNNER)
@told
def ingest(
    model: str,
    knobs: str,
    data: Annotated[Path, Artifact(name="data", output=True)],
) -> Annotated[str, Parameter(name="data-hash")]:
    """Read the model's data and check it against the contract.

    `knobs` is a JSON object that replaces knobs of the generator in the model file: {"rows": 2000, "bias": 0.5}.
    """
    from ml.pipeline import ingest as run

    found = run(model, data, **options(knobs, "knobs"))
    for name, table in found["tables"].items():
        print(f"{model}: {table['rows_good']} {name} kept, {table['rows_quarantined']} in quarantine")
    return str(found["tables"]["rows"]["content_hash"])


@script(constructor=RUNNER)
@told
def build_features(
    model: str,
    tracking_uri: Annotated[str, Parameter(name="tracking-uri")],
    training: str,
    data: Annotated[Path, Artifact(name="data")],
    features: Annotated[Path, Artifact(name="features", output=True)],
    as_of: Annotated[str, Parameter(name="as-of")] = "",
) -> Annotated[str, Parameter(name="fingerprint")]:
    """Compute the features of every row as known at its time.

    The fingerprint names everything that decides what will be trained and where it is tracked: the features' bytes, the
    model file, the options.
    """
    from ml.pipeline import build_features as run
    from ml.spec import load_spec

    found = run(model, data, features, as_of=as_of or None)
    print(f"{model}: {found['rows']} rows, {found['rows_labelled']} with an outcome, {found['entities_online']} keys online")
    text = json.dumps([found["data_hash"], load_spec(model).digest, options(training, "training"), tracking_uri], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


@script(constructor=RUNNER)
@told
def screen(
    model: str,
    features: Annotated[Path, Artifact(name="features")],
    screening: Annotated[Path, Artifact(name="screening", output=True)],
) -> None:
    """Refuse features that are prohibited or stand in for what is, before anything is trained."""
    from ml.pipeline import screen as run

    found = run(model, features, screening)
    print(f"{model}: {len(found['screened'])} features screened, {found['verdict']}")


@script(constructor=RUNNER)
@told
def train(
    model: str,
    tracking_uri: Annotated[str, Parameter(name="tracking-uri")],
    training: str,
    fingerprint: str,
    features: Annotated[Path, Artifact(name="features")],
    bundle: Annotated[Path, Artifact(name="bundle", output=True)],
) -> None:
    """Search, fit and track. `training` is a JSON object that replaces `trials`, `seed` or `engine` of the model file."""
    from ml.pipeline import train as run
    from workflows.steps.ray_folder import short_ray_folder

    with short_ray_folder():
        found = run(model, features, bundle, tracking_uri=tracking_uri, **options(training, "training"))
    print(f"{model}: {len(found['trials'])} trials of {fingerprint[:12]}, run {found['run_id']}")


@script(constructor=RUNNER)
@told
def collect(
    model: str,
    made: Annotated[Path, Artifact(name="made")],
    bundle: Annotated[Path, Artifact(name="bundle", output=True)],
) -> None:
    """Take over the bundle a Ray job has left in the artefact store; `load_bundle` checks its hash."""
    import shutil

    from ml.training.bundle import load_bundle

    shutil.copytree(made, bundle)
    print(f"{model}: trained with {load_bundle(bundle).algorithm} on Ray")


def options(text: str, key: str) -> dict[str, Any]:
    """Read a JSON object given as a parameter.

    Raises
    ------
    InputError
        It is none, or a key is not a plain word.
    """
    try:
        read = json.loads(text or "{}")
    except ValueError as error:
        raise InputError(f"{text!r} is not JSON: {error}", key=key, allowed='a JSON object such as {"rows": 2000}') from None
    if not isinstance(read, dict):
        raise InputError(f"{text!r} is no JSON object", key=key, allowed='a JSON object such as {"rows": 2000}')
    allowed = KNOBS if key == "knobs" else TRAINING
    for name in read:
        if name not in allowed:
            raise InputError(f"{name!r} is unknown", key=key, allowed=", ".join(allowed))
    return read


KNOBS = ("bias", "concept_drift", "days", "feature_drift", "label_delay_days", "rows", "seed", "start")
TRAINING = ("engine", "seed", "trials")

_TRAIN: Any = vars(train)["__wrapped__"]

train_on_gpu = script(constructor=RUNNER, name="train-on-gpu")(_TRAIN)
"""The same function in a pod with a GPU: for a team's own entry point that uses one."""

train_on_ray = script(constructor=RUNNER, name="train-on-ray")(_TRAIN)
"""The same function, which starts a Ray of its own where its options say {"engine": "ray"}."""
