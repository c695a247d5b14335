"""What a RayJob runs on the head of its cluster: fetch the features, train on the cluster, leave the bundle where the workflow finds it.

    python -m workflows.ray_job

Everything comes from the environment, because the job's command line is read by a shell: MODEL, FEATURES and BUNDLE (addresses of folders,
`s3://…` or `file://…`), and as Base64 TRACKING_URI and TRAINING (the step's parameter `training`).
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.errors import InputError, MlError, ServiceError
from workflows.steps.prepare import options


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is trained, from where to where."""

    model: str
    features: str
    bundle: str
    tracking_uri: str
    training: str

    @staticmethod
    def read(environment: Mapping[str, str]) -> Job:
        """From the environment's variables.

        Raises
        ------
        InputError
            One is missing, or is no Base64.
        """
        return Job(
            model=_plain(environment, "MODEL"),
            features=_plain(environment, "FEATURES"),
            bundle=_plain(environment, "BUNDLE"),
            tracking_uri=_decoded(environment, "TRACKING_URI"),
            training=_decoded(environment, "TRAINING"),
        )


def run(job: Job) -> None:
    """Train on the Ray cluster this process runs in.

    Raises
    ------
    MlError
        The input is wrong, a gate refuses, or a service outside failed.
    """
    from ml.pipeline import train

    with tempfile.TemporaryDirectory(prefix="ray-job-") as name:
        folder = Path(name)
        given = _fetch(job.features, folder / "features")
        found = train(
            job.model, given, folder / "bundle", tracking_uri=job.tracking_uri, **{**options(job.training, "training"), "engine": "ray"}
        )
        _store(folder / "bundle", job.bundle)
    print(f"{job.model}: {len(found['trials'])} trials on Ray, run {found['run_id']}, bundle in {job.bundle}")


def _fetch(address: str, folder: Path) -> Path:
    """Download a folder with MLflow's own stores, which know S3 and the roles of pods."""
    from mlflow.artifacts import download_artifacts

    folder.mkdir()
    try:
        return Path(download_artifacts(artifact_uri=address, dst_path=str(folder)))
    except Exception as error:  # the store's client raises what it likes
        raise ServiceError(f"cannot read {address}: {error}", remedy="look at the role of the service account") from error


def _store(folder: Path, address: str) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    try:
        store: Any = get_artifact_repository(address)
        store.log_artifacts(str(folder))
    except Exception as error:
        raise ServiceError(f"cannot write {address}: {error}", remedy="look at the role of the service account") from error


def _plain(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise InputError("is not set", key=name, remedy="start it through the workflow distributed-training")
    return value


def _decoded(environment: Mapping[str, str], name: str) -> str:
    try:
        return base64.b64decode(_plain(environment, name), validate=True).decode()
    except ValueError:
        raise InputError("is no Base64", key=name) from None


def main() -> int:
    """Exit status: 0 well; 1 a gate refused; 2 the input is wrong; 3 a service outside failed."""
    try:
        run(Job.read(os.environ))
    except MlError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
