"""The program of a RayJob: fetches, trains on a real local Ray, and leaves the bundle; also in a real S3 protocol."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml.errors import InputError, ServiceError
from workflows import ray_job
from workflows.ray_job import Job
from workflows.steps.ray_folder import VARIABLE, short_ray_folder

pytestmark = pytest.mark.ml
ROOT = Path(__file__).parents[2]


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


GIVEN = {"MODEL": "churn", "FEATURES": "f", "BUNDLE": "b", "TRACKING_URI": _encoded("t"), "TRAINING": _encoded("{}")}


def test_the_job_comes_from_the_environment() -> None:
    assert Job.read(GIVEN) == Job(model="churn", features="f", bundle="b", tracking_uri="t", training="{}")


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(InputError, match=name):
        Job.read({**GIVEN, name: ""})


def test_what_is_no_base64_is_named() -> None:
    with pytest.raises(InputError, match="TRAINING: is no Base64"):
        Job.read({**GIVEN, "TRAINING": "{}"})


def test_features_that_are_not_there_are_a_service_that_failed(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="cannot read"):
        ray_job._fetch(f"file://{tmp_path}/gone", tmp_path / "x")


def test_folders_go_to_s3_and_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        for name, value in (("MLFLOW_S3_ENDPOINT_URL", address), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")):
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3", endpoint_url=address).create_bucket(Bucket="workflows")
        (tmp_path / "made" / "inner").mkdir(parents=True)
        (tmp_path / "made" / "a").write_text("one")
        (tmp_path / "made" / "inner" / "b").write_text("two")
        ray_job._store(tmp_path / "made", "s3://workflows/team/ray/run/bundle")
        back = ray_job._fetch("s3://workflows/team/ray/run/bundle", tmp_path / "back")
    finally:
        server.stop()
    assert {str(path.relative_to(back)): path.read_text() for path in back.rglob("*") if path.is_file()} == {"a": "one", "inner/b": "two"}


def test_a_deep_folder_is_not_given_to_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 60)
    deep.mkdir()
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with short_ray_folder():
        place = Path(os.environ[VARIABLE])
        assert place.is_dir()
        assert len(str(place)) < 40
    assert VARIABLE not in os.environ
    assert not place.exists()


@pytest.mark.slow
def test_it_trains_on_ray_and_leaves_what_training_here_gives(tmp_path: Path) -> None:
    from ml.pipeline import build_features, ingest, train
    from ml.training.bundle import load_bundle

    ingest("churn", tmp_path / "data", rows=700)
    build_features("churn", tmp_path / "data", tmp_path / "features")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    environment = {
        **os.environ,
        "MODEL": "churn",
        "FEATURES": f"file://{tmp_path}/features",
        "BUNDLE": f"file://{tmp_path}/bundle",
        "TRACKING_URI": _encoded(uri),
        "TRAINING": _encoded('{"trials": 2}'),
        "PYTHONPATH": str(ROOT),
        "RAY_TMPDIR": "/tmp",
    }
    environment.pop("RAY_ADDRESS", None)
    ended = subprocess.run([sys.executable, "-m", "workflows.ray_job"], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "churn: 2 trials on Ray" in ended.stdout
    train("churn", tmp_path / "features", tmp_path / "here", tracking_uri=uri, trials=2)
    there, here = load_bundle(tmp_path / "bundle"), load_bundle(tmp_path / "here")
    assert (there.algorithm, there.parameters) == (here.algorithm, here.parameters)


def test_a_wrong_option_is_a_sentence_and_status_two(tmp_path: Path) -> None:
    (tmp_path / "features").mkdir()
    environment = {**os.environ, **GIVEN, "FEATURES": f"file://{tmp_path}/features", "TRAINING": _encoded('{"trialz": 2}')}
    environment["PYTHONPATH"] = str(ROOT)
    ended = subprocess.run([sys.executable, "-m", "workflows.ray_job"], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "'trialz' is unknown" in ended.stderr
    assert "Traceback" not in ended.stderr
