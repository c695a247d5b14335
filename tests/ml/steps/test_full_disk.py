"""A disk that is really full midway: a clear error, nothing that looks finished, and the step can be run again.

The limit of the size of a file (RLIMIT_FSIZE) stands for the disk: the operating system refuses the write in the middle.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml import pipeline

ROOT = Path(__file__).parents[3]
CODE = """
import resource, sys
from pathlib import Path
from ml import pipeline
from ml.errors import MlError
model, at, limit = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
import mlflow.pyfunc, pyarrow.parquet
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    {call}
except MlError as error:
    print(error)
    sys.exit(error.exit_status)
"""
CALLS = {
    "ingest": "pipeline.ingest(model, at / 'data')",
    "features": "pipeline.build_features(model, at / 'data', at / 'features')",
    "train": "pipeline.train(model, at / 'features', at / 'bundle')",
    "package": "pipeline.package(model, at / 'bundle', at / 'features', at / 'packaged')",
}
LAST = {
    "ingest": "data/manifest.json",
    "features": "features/features.json",
    "train": "bundle/training.json",
    "package": "packaged/package.json",
}


def limited(call: str, model: Path, at: Path, limit: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CODE.replace("{call}", call), str(model), str(at), str(limit)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}  # else torn byte code stays beside the sources
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("step", list(CALLS))
def test_a_full_disk_stops_a_step_which_can_be_run_again(step: str, third_run: tuple[Path, Path], tmp_path: Path) -> None:
    import shutil

    model, folder = third_run
    for name in ("data", "features", "bundle"):
        shutil.copytree(folder / name, tmp_path / name)
    ended = limited(CALLS[step], model, tmp_path, 600)
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert ended.stdout.count("\n") == 1 and "free some space and run the step again" in ended.stdout
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / LAST[step]).exists(), "nothing looks finished"
    exec(CALLS[step], {"pipeline": pipeline, "model": model, "at": tmp_path})
    assert (tmp_path / LAST[step]).is_file()


def test_a_full_disk_under_mlflow_leaves_no_version(third_run: tuple[Path, Path], tmp_path: Path) -> None:
    """The database may not grow: the run and the version it would have made are not there, and a second try makes them."""
    from ml.registry.registry import Registry
    from ml.training.tracking import mlflow_client

    _, _folder = third_run
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    with mlflow_client(uri) as client:
        client.search_experiments()
    made = tmp_path / "made"
    made.mkdir()
    (made / "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
    (made / "weights").write_bytes(b"w" * 200_000)
    call = f"from ml.registry.registry import Registry; Registry('{uri}').register('m', at, run_id=None, tags={{}}, description='m')"
    ended = limited(call, made, made, 100_000)
    assert ended.returncode == 3 and "Traceback" not in ended.stderr, ended.stdout + ended.stderr
    assert "MLflow at sqlite:///" in ended.stdout and "failed" in ended.stdout
    with mlflow_client(uri) as client:
        assert list(client.search_model_versions("name='m'")) == []
    assert Registry(uri).register("m", made, run_id=None, tags={}, description="m") == "1"
