"""Make the newest features known where a caller looks them up."""

from pathlib import Path
from typing import Annotated

from hera.workflows import Artifact, script

from workflows.steps.told import RUNNER, told


@script(constructor=RUNNER)
@told
def publish_features(
    model: str,
    features: Annotated[Path, Artifact(name="features")],
) -> None:
    """Put the newest features of every entity into the model's SageMaker feature group, in the region of the surroundings."""
    from ml.features.feature_store import FeatureStore
    from ml.features.online import OnlineStore
    from ml.spec import load_spec
    from mlctl.evidence.client import aws_client

    found, as_of = OnlineStore(features / "online.sqlite").everything()
    written = FeatureStore(load_spec(model), aws_client("sagemaker-featurestore-runtime")).write(found, as_of)
    print(f"{model}: {written} keys in the feature group as of {as_of.isoformat()}")
