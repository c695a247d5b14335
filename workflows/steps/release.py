"""Steps that touch the model registry: fetch, register, promote, roll back."""

from pathlib import Path
from typing import Annotated

from hera.workflows import Artifact, Parameter, script

from workflows.steps.told import RUNNER, told

Uri = Annotated[str, Parameter(name="tracking-uri")]
NONE = "none"
"""What `fetch` gives as version where the registry has none."""


@script(constructor=RUNNER)
@told
def fetch(
    model: str,
    tracking_uri: Uri,
    wanted: str,
    fetched: Annotated[Path, Artifact(name="fetched", output=True)],
) -> Annotated[str, Parameter(name="version")]:
    """Download a version, or what an alias points to, and check every byte; nothing where the alias points nowhere."""
    from ml.registry.registry import Registry

    fetched.mkdir(parents=True, exist_ok=True)
    registry = Registry(tracking_uri)
    version = wanted if wanted.isdigit() else registry.version_of(model, wanted)
    if version is None:
        print(f"{model}: there is no {wanted} yet")
        return NONE
    stored = registry.fetch(model, version, fetched / "download")
    stored.rename(fetched / "registered")
    print(f"{model}: {wanted} is version {version}, every byte as registered")
    return version


@script(constructor=RUNNER)
@told
def unpack(
    model: str,
    fetched: Annotated[Path, Artifact(name="fetched")],
    bundle: Annotated[Path, Artifact(name="bundle", output=True)],
) -> None:
    """Take the trained model out of what was registered; `load_bundle` checks its hash."""
    import shutil

    from ml.errors import InputError
    from ml.training.bundle import load_bundle

    registered = fetched / "registered" / "bundle"
    if not registered.is_dir():
        raise InputError(f"{model} has no such version", remedy="train it first, or name a version the registry has")
    shutil.copytree(registered, bundle)
    print(f"{model}: trained with {load_bundle(bundle).algorithm}")


@script(constructor=RUNNER)
@told
def record_checks(
    model: str,
    version: str,
    environment: str,
    actor: str,
    evidence_log: Annotated[str, Parameter(name="evidence-log")],
    bundle: Annotated[Path, Artifact(name="bundle")],
    screening: Annotated[Path, Artifact(name="screening")],
    evaluation: Annotated[Path, Artifact(name="evaluation")],
    fairness: Annotated[Path, Artifact(name="fairness")],
    explanation: Annotated[Path, Artifact(name="explanation")],
    packaged: Annotated[Path, Artifact(name="package")],
    events: Annotated[Path, Artifact(name="events", output=True)],
) -> None:
    """Write down what judging a registered version again came to."""
    from ml.training.commit import current_commit
    from workflows.steps.evidence import Grounds, record

    folders = {
        "bundle": bundle,
        "screening": screening,
        "evaluation": evaluation,
        "fairness": fairness,
        "explanation": explanation,
        "package": packaged,
    }
    grounds = Grounds(model=model, version=int(version), actor=actor, commit=current_commit(), folders=folders, environment=environment)
    record(grounds, events / "events.json", evidence_log)


@script(constructor=RUNNER)
@told
def register(
    model: str,
    tracking_uri: Uri,
    actor: str,
    evidence_log: Annotated[str, Parameter(name="evidence-log")],
    bundle: Annotated[Path, Artifact(name="bundle")],
    screening: Annotated[Path, Artifact(name="screening")],
    evaluation: Annotated[Path, Artifact(name="evaluation")],
    fairness: Annotated[Path, Artifact(name="fairness")],
    explanation: Annotated[Path, Artifact(name="explanation")],
    packaged: Annotated[Path, Artifact(name="package")],
    decision: Annotated[Path, Artifact(name="decision")],
    registration: Annotated[Path, Artifact(name="registration", output=True)],
) -> Annotated[str, Parameter(name="version")]:
    """Make the model a version of the registry, the challenger, and write down on what grounds."""
    from ml.pipeline import register as run
    from workflows.steps.evidence import Grounds, record

    evidence = {
        "screening": screening,
        "evaluation": evaluation,
        "fairness": fairness,
        "explanation": explanation,
        "package": packaged,
        "decision": decision,
    }
    found = run(model, bundle, packaged, evidence, registration, tracking_uri=tracking_uri)
    grounds = Grounds(
        model=model,
        version=int(found["version"]),
        actor=actor,
        commit=found["tags"]["commit"],
        folders={**evidence, "bundle": bundle, "registration": registration},
    )
    record(grounds, registration / "events.json", evidence_log)
    print(f"{model}: version {found['version']} is the challenger")
    return str(found["version"])


@script(constructor=RUNNER)
@told
def promote(
    model: str,
    tracking_uri: Uri,
    actor: str,
    evidence_log: Annotated[str, Parameter(name="evidence-log")],
    decision: Annotated[Path, Artifact(name="decision")],
    registration: Annotated[Path, Artifact(name="registration")],
) -> None:
    """Make the registered version the champion; refused where the decision refuses."""
    from ml.pipeline import promote as run
    from workflows.steps.evidence import note

    found = run(model, decision, registration, tracking_uri=tracking_uri)
    note("promotion", model, actor, evidence_log, version=int(found["version"]), before=found["before"])
    print(f"{model}: version {found['version']} is the champion, after {found['before'] or 'none'}")


@script(constructor=RUNNER)
@told
def roll_back(
    model: str,
    tracking_uri: Uri,
    actor: str,
    evidence_log: Annotated[str, Parameter(name="evidence-log")],
) -> Annotated[str, Parameter(name="version")]:
    """Make the version before the champion the champion again."""
    from ml.pipeline import rollback as run
    from workflows.steps.evidence import note

    version = str(run(model, tracking_uri=tracking_uri)["version"])
    note("rollback", model, actor, evidence_log, version=int(version))
    print(f"{model}: version {version} is the champion again")
    return version
