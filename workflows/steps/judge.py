"""Steps that judge a trained model."""

from pathlib import Path
from typing import Annotated

from hera.workflows import Artifact, Parameter, script

from workflows.steps.told import RUNNER, told

Bundle = Annotated[Path, Artifact(name="bundle")]
Features = Annotated[Path, Artifact(name="features")]


@script(constructor=RUNNER)
@told
def evaluate(
    model: str,
    features: Features,
    bundle: Bundle,
    champion: Annotated[Path, Artifact(name="champion")],
    evaluation: Annotated[Path, Artifact(name="evaluation", output=True)],
) -> None:
    """Judge the model on the latest rows, against its gates and against the champion where there is one."""
    from ml.pipeline import evaluate as run

    before = champion / "registered" / "bundle"
    found = run(model, features, bundle, evaluation, champion=before if before.is_dir() else None)
    for gate in found["gates"]:
        print(f"{model}: {gate['detail']}")
    print(f"{model}: {found['champion']['detail']}")


@script(constructor=RUNNER)
@told
def check_fairness(
    model: str,
    features: Features,
    bundle: Bundle,
    fairness: Annotated[Path, Artifact(name="fairness", output=True)],
) -> None:
    """Judge how groups are treated on the latest rows."""
    from ml.pipeline import check_fairness as run

    found = run(model, features, bundle, fairness)
    for attribute in found["attributes"]:
        print(f"{model}: {attribute['detail']}")


@script(constructor=RUNNER)
@told
def explain(
    model: str,
    features: Features,
    bundle: Bundle,
    explanation: Annotated[Path, Artifact(name="explanation", output=True)],
) -> None:
    """Explain the model as a whole and every adverse decision."""
    from ml.pipeline import explain as run

    found = run(model, features, bundle, explanation)
    print(f"{model}: {found['adverse_explained']} of {found['adverse_decisions']} adverse decisions explained with {found['method']}")


@script(constructor=RUNNER)
@told
def package(
    model: str,
    features: Features,
    bundle: Bundle,
    packaged: Annotated[Path, Artifact(name="package", output=True)],
) -> None:
    """Export to ONNX, compare, measure, and wrap as an MLflow model."""
    from ml.pipeline import package as run

    found = run(model, bundle, features, packaged)
    print(f"{model}: {found['chosen']} chosen; {found['reason']}")


@script(constructor=RUNNER)
@told
def decide(
    model: str,
    evaluation: Annotated[Path, Artifact(name="evaluation")],
    fairness: Annotated[Path, Artifact(name="fairness")],
    explanation: Annotated[Path, Artifact(name="explanation")],
    packaged: Annotated[Path, Artifact(name="package")],
    decision: Annotated[Path, Artifact(name="decision", output=True)],
) -> Annotated[str, Parameter(name="promote")]:
    """Turn the verdicts into one answer."""
    from ml.pipeline import decide as run

    evidence = {"evaluation": evaluation, "fairness": fairness, "explanation": explanation, "package": packaged}
    found = run(model, evidence, decision)
    for check in found["checks"]:
        print(f"{model}: {check['name']} {check['verdict']}: {check['detail']}")
    return "true" if found["promote"] else "false"
