"""Runs in MLflow: everything that is needed to make the model again, and clear errors when MLflow is away."""

from __future__ import annotations

import socket
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ml import pipeline
from ml.errors import InputError, ServiceError
from ml.training import tracking
from ml.training.tracking import mlflow_client


def test_a_run_keeps_parameters_metrics_data_commit_environment_and_files(
    third_run: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_COMMIT", "abc123")
    model, folder = third_run
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    trained = pipeline.train(model, folder / "features", tmp_path / "bundle", tracking_uri=uri)
    with mlflow_client(uri) as client:
        run = client.get_run(trained["run_id"])
        stored = {item.path for item in client.list_artifacts(trained["run_id"], "training")}
        history = client.get_metric_history(trained["run_id"], "search_value")
    assert run.info.status == "FINISHED"
    assert run.data.params == {
        "algorithm": "sklearn:logistic_regression",
        "seed": "0",
        "C": str(trained["parameters"]["C"]),
    }
    assert run.data.metrics["search_roc_auc"] == pytest.approx(trained["search_value"])
    tags = run.data.tags
    assert (tags["data_hash"], tags["commit"], tags["contract_version"], tags["model_sha256"]) == (
        trained["data_hash"],
        "abc123",
        trained["contract_version"],
        trained["model_sha256"],
    )
    assert "library.scikit-learn" in tags and tags["python"].startswith("3.")
    assert stored == {"training/model.pickle", "training/spec.yaml", "training/bundle.json"}
    assert [point.step for point in history] == [trial["number"] for trial in trained["trials"] if trial["value"]]
    assert (tmp_path / "artifacts").is_dir(), "artefacts lie beside the database, not in the working directory"


def test_a_server_that_is_down_is_a_service_error(tmp_path: Path, third_run: tuple[Path, Path]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model, folder = third_run
    with pytest.raises(ServiceError, match=rf"MLflow at http://127.0.0.1:{port} cannot be reached") as caught:
        pipeline.train(model, folder / "features", tmp_path, tracking_uri=f"http://us:secret@127.0.0.1:{port}")
    assert caught.value.exit_status == 3 and "secret" not in str(caught.value)
    assert not (tmp_path / "training.json").exists(), "the step is not complete, so it is run again"


def test_a_run_that_cannot_be_logged_whole_is_marked_failed(
    third_run: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    model, folder = third_run
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setattr(MlflowClient, "log_artifact", full)
    with pytest.raises(ServiceError, match="No space left on device"):
        pipeline.train(model, folder / "features", tmp_path / "bundle", tracking_uri=uri)
    with mlflow_client(uri) as client:
        experiment = client.get_experiment_by_name("parcel-delay")
        assert experiment is not None
        assert [run.info.status for run in client.search_runs([experiment.experiment_id])] == ["FAILED"]


def test_another_kind_of_address_is_refused() -> None:
    with pytest.raises(InputError, match="unknown tracking address 'mlruns'"), mlflow_client("mlruns"):
        pass


def test_the_address_is_shown_without_its_password() -> None:
    assert tracking._shown("https://me:secret@mlflow.test/x") == "https://mlflow.test/x"


class _Failing(BaseHTTPRequestHandler):
    """Says that it is well, and fails at everything else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 500)
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the name is that of http.server

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_password_in_the_address_is_told_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's own messages name the whole address."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Failing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        uri = f"http://us:secret@127.0.0.1:{server.server_port}"
        with pytest.raises(ServiceError) as caught, mlflow_client(uri) as client:
            client.search_experiments()
        server.shutdown()
    shown = "".join(traceback.format_exception(caught.value))
    assert f"127.0.0.1:{server.server_port}" in str(caught.value) and "secret" not in shown
