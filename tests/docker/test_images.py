"""What the images hold is all their programs need: steps of a rendered workflow, the Ray job and the server run from the copied files."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.image import Dockerfile, build, ignore_file, let_through

ROOT = Path(__file__).parents[2]
TEMPLATES = {
    item["name"]: item for item in yaml.safe_load((ROOT / "workflows/rendered/dev/churn-training.yaml").read_text())["spec"]["templates"]
}
WITHOUT_THE_CHECKOUT = f"""
import runpy, sys
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in getattr(finder, "__module__", type(finder).__module__)]
sys.path = [path for path in sys.path if path not in ("", {str(ROOT)!r}) and "__editable__" not in path]
"""
"""The tests' own interpreter knows the checkout; the image's does not."""
ONLY_LOCKED = """
import importlib.metadata, re
class OnlyLocked:
    owners = importlib.metadata.packages_distributions()
    def find_spec(self, name, path=None, target=None):
        owners = {re.sub("[-_.]+", "-", owner).lower() for owner in self.owners.get(name, ())} - {"ml-platform"}
        if owners and not owners & LOCKED:
            raise ModuleNotFoundError(f"the image has no {name}", name=name)
sys.meta_path.insert(0, OnlyLocked())
"""
"""Nor does the image have packages that are not in its lock."""


@dataclass(frozen=True)
class Image:
    """An image's files in a folder, and the variables it sets."""

    root: Path
    dockerfile: Dockerfile
    lock: Path

    def environment(self, **more: str) -> dict[str, str]:
        own = {name: value for name, value in self.dockerfile.variables.items() if name != "PATH"}
        own["PYTHONPATH"] = str(self.root / own["PYTHONPATH"].lstrip("/"))
        own["HOME"] = str(self.root / own["HOME"].lstrip("/"))
        Path(own["HOME"]).mkdir(exist_ok=True)
        return {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **own, **more}

    def python(self, code: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        locked = set(re.findall(r"(?m)^([a-z0-9-]+)==", self.lock.read_text()))
        command = [sys.executable, "-c", f"{WITHOUT_THE_CHECKOUT}LOCKED = {locked!r}\n{ONLY_LOCKED}{code}", *arguments]
        folder = self.root / self.dockerfile.all("WORKDIR")[0].lstrip("/")
        return subprocess.run(command, cwd=folder, env=self.environment(**variables), capture_output=True, text=True, check=False)


def image(name: str, root: Path) -> Image:
    dockerfile = Dockerfile.read(ROOT / "docker" / name / "Dockerfile")
    build(ROOT, dockerfile, root, ignore_file(ROOT, name))
    return Image(root, dockerfile, ROOT / "locks" / f"{name}.txt")


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return image("training", tmp_path_factory.mktemp("training"))


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return image("serving", tmp_path_factory.mktemp("serving"))


TAKEN = ["ml/spec.py", "ml/models/churn.yaml", "locks/build.txt"]
LEFT = [".env", "secrets/key.pem", ".git/config", "ml/__pycache__/spec.pyc", "tests/x.py", "evidence/churn.jsonl", "mlruns/1/x"]


@pytest.mark.parametrize(
    ("name", "taken", "left"),
    [
        ("training", ["mlctl/cli/main.py", "workflows/steps/told.py", "environments/dev.yaml", "locks/training.txt"], []),
        ("serving", ["docker/serving/serve.py", "locks/serving.txt"], ["ml/models/rows.csv", "ml/models/rows/1.parquet", "mlctl/spec.py"]),
    ],
)
def test_secrets_and_rows_that_lie_about_stay_out(tmp_path: Path, name: str, taken: list[str], left: list[str]) -> None:
    ignore = ignore_file(ROOT, name)
    assert [path for path in TAKEN + taken if not let_through(tmp_path, tmp_path / path, ignore)] == []
    assert [path for path in LEFT + left if let_through(tmp_path, tmp_path / path, ignore)] == []


def test_what_builds_from_source_is_what_is_locked() -> None:
    """locks/build.txt is a part of locks/ml.txt, hashes and all."""
    assert (ROOT / "locks" / "build.txt").read_text() in (ROOT / "locks" / "ml.txt").read_text()


@pytest.mark.parametrize("name", ["training", "serving"])
def test_an_image_holds_what_it_needs_in_the_versions_that_are_tested(name: str) -> None:
    pins = {group: set(re.findall(r"(?m)^[a-z0-9-]+==[^ ]+", (ROOT / "locks" / f"{group}.txt").read_text())) for group in (name, "dev")}
    assert pins[name] <= pins["dev"]
    assert not [pin for pin in pins[name] if pin.startswith(("pulumi", "moto=", "pytest="))]


@pytest.mark.ml
@pytest.mark.slow
def test_the_serving_image_holds_what_a_packaged_model_asks_for(trained: Path) -> None:
    asked = set((trained / "package" / "model" / "requirements.txt").read_text().split())
    locked = set(re.findall(r"(?m)^[a-z0-9-]+==[^ ]+", (ROOT / "locks" / "serving.txt").read_text()))
    assert asked and asked <= locked


def test_the_training_image_says_who_and_where_it_is(training: Image) -> None:
    variables = training.dockerfile.variables
    assert (variables["HOME"], variables["PYTHONPATH"], variables["GIT_COMMIT"]) == ("/scratch", "/app", "unknown")
    mounts = {mount["mountPath"] for item in TEMPLATES.values() if "script" in item for mount in item["script"]["volumeMounts"]}
    assert variables["HOME"] in mounts, "a pod's file system is read-only but for this"
    assert training.dockerfile.all("USER") == ["10001:10001"]
    assert "ln --symbolic /venv/bin/ray /usr/local/bin/ray" in training.dockerfile.all("RUN")[0]


def test_the_health_checks_commands_work(training: Image, serving: Image) -> None:
    [check] = training.dockerfile.all("HEALTHCHECK")
    done = training.python(json.loads(check.partition("CMD ")[2])[2])
    assert done.returncode == 0, done.stderr
    done = serving.python("sys.argv[0] = 'serve.py'; runpy.run_path('serve.py', run_name='__main__')", "ping", SAGEMAKER_BIND_TO_PORT="9")
    assert done.returncode == 1, "nothing is served"


def run_step(image: Image, folder: Path, name: str, **parameters: str) -> None:
    """A step of the rendered manifest with the command line it has there; artefacts lie in `folder`, where the step before left them."""
    script = TEMPLATES[name]["script"]
    file = folder / f"{name}.json"
    file.write_text(json.dumps([{"name": key.replace("_", "-"), "value": value} for key, value in parameters.items()]))
    arguments = [*script["args"][2:], str(file)]
    code = f"sys.argv = ['runner', *{arguments!r}]; runpy.run_module('mlctl.workflow.process.hera_step', run_name='__main__')"
    variables = {"hera__outputs_directory": str(folder), "MLCTL_HERA_PATHS": json.dumps({"/tmp/hera-inputs": str(folder)})}
    done = image.python(code, TMPDIR=str(image.root / "scratch"), **variables)
    assert done.returncode == 0, f"{name}: {done.stderr[-3000:]}"


@pytest.fixture(scope="module")
def trained(training: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the steps from data to package leave, run from the files of the training image."""
    folder = tmp_path_factory.mktemp("steps")
    before = set((training.root / "app").rglob("*"))
    common = {"model": "churn"}
    tracked = {**common, "tracking_uri": f"sqlite:///{folder}/mlflow.db", "training": '{"trials": 1}'}
    run_step(training, folder, "ingest", **common, knobs='{"rows": 700}')
    run_step(training, folder, "build-features", **tracked, as_of="")
    run_step(training, folder, "screen", **common)
    run_step(training, folder, "train", **tracked, fingerprint="f")
    run_step(training, folder, "package", **common)
    assert set((training.root / "app").rglob("*")) == before, "a pod cannot write beside its code"
    return folder / "artifacts"


@pytest.mark.ml
@pytest.mark.slow
def test_the_steps_of_training_find_all_they_need(trained: Path) -> None:
    assert (trained / "package" / "model" / "MLmodel").is_file()


@pytest.mark.ml
@pytest.mark.slow
def test_the_ray_job_is_in_the_image(training: Image) -> None:
    done = training.python("sys.argv = ['ray_job']; runpy.run_module('workflows.ray_job', run_name='__main__')")
    assert (done.returncode, done.stderr.partition(":")[0]) == (2, "MODEL"), done.stderr


@pytest.fixture
def server(serving: Image, trained: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = serving.environment(
        MODEL_FOLDER=str(trained / "package" / "model"), SAGEMAKER_BIND_TO_PORT=str(port), DECISION_KEY="k" * 32
    )
    command = [sys.executable, str(serving.root / "app" / "serve.py"), *json.loads(serving.dockerfile.all("CMD")[0])]
    process = subprocess.Popen(command, cwd=serving.root / "app", env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _ask(address: str, body: bytes | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(address, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
        return answer.status, json.loads(text) if body else text


@pytest.mark.ml
@pytest.mark.slow
def test_the_serving_image_answers(server: str, trained: Path) -> None:
    import pandas as pd

    for _ in range(600):
        try:
            assert _ask(f"{server}/ping")[0] == 200
            break
        except OSError:
            time.sleep(0.1)
    rows = pd.read_parquet(trained / "bundle" / "reference.parquet").head(3)
    rows = rows[[name for name in rows if name not in ("churned", "score") and not name.startswith("group_")]]
    request = json.dumps({"dataframe_records": json.loads(rows.to_json(orient="records"))}).encode()
    status, answer = _ask(f"{server}/invocations", request)
    assert status == 200
    assert len(answer["predictions"]) == 3
