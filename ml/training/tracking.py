"""Track runs in MLflow: a server's address, or a SQLite file with a folder beside it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.errors import InputError, ServiceError

if TYPE_CHECKING:
    from mlflow import MlflowClient

REACH_SECONDS = 5
NOT_AGAIN = ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST")
"""What MLflow says of a version that is gone or a name it does not take: asking again changes nothing."""


@contextmanager
def mlflow_client(uri: str) -> Iterator[MlflowClient]:
    """Give an MLflow client; its failures become ServiceError.

    Raises
    ------
    ServiceError
        The server cannot be reached, fails, or its disk is full.
    InputError
        The address is neither http(s) nor sqlite, or MLflow has not what it is asked for.
    """
    if not uri.startswith(("http://", "https://", "sqlite:///")):
        raise InputError(f"unknown tracking address {uri!r}", allowed="http://…, https://…, sqlite:///file.db")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    _check_reachable(uri)
    import logging

    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it logs tracebacks of what is raised below
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield _opened(uri)
    except (MlflowException, RequestException, SQLAlchemyError, OSError) as error:
        said = str(error).splitlines()[0].replace(uri, _shown(uri))
        if isinstance(error, MlflowException) and error.error_code in NOT_AGAIN:
            raise InputError(f"MLflow at {_shown(uri)} refuses: {said}", remedy="look at what the registry has") from None
        raise ServiceError(f"MLflow at {_shown(uri)} failed: {said}", remedy="check the server and run the step again") from None


def _opened(uri: str) -> MlflowClient:
    """Open the client. MLflow makes the tables of a SQLite file at its first use, and two processes at once would spoil that."""
    from mlflow import MlflowClient

    if not uri.startswith("sqlite:///"):
        return MlflowClient(tracking_uri=uri, registry_uri=uri)
    file = Path(uri.removeprefix("sqlite:///"))
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(file.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    return client


def _check_reachable(uri: str) -> None:
    if not uri.startswith("http"):
        return
    import requests

    try:
        requests.get(uri.rstrip("/") + "/health", timeout=REACH_SECONDS).raise_for_status()
    except requests.RequestException as error:
        problem = f"MLflow at {_shown(uri)} cannot be reached: {type(error).__name__}"
        raise ServiceError(problem, remedy="start it, or check the address and the network") from error


def _shown(uri: str) -> str:
    """Return the address without a user name or password."""
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def experiment_id(client: MlflowClient, uri: str, name: str) -> str:
    """Return the experiment of this name, made where it is new; with SQLite, its artefacts lie beside the database."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    place = None
    if uri.startswith("sqlite:///"):
        place = (Path(uri.removeprefix("sqlite:///")).resolve().parent / "artifacts" / name).as_uri()
    try:
        return str(client.create_experiment(name, artifact_location=place))
    except MlflowException:
        found = client.get_experiment_by_name(name)  # another run made it in the meantime
        if found is None:
            raise
        return str(found.experiment_id)


def log_run(
    uri: str,
    *,
    name: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    trials: tuple[dict[str, Any], ...],
    files: tuple[Path, ...],
) -> str:
    """Log one training run and return its id. A run that cannot be logged whole is marked as failed."""
    from mlflow.entities import Metric, Param, RunTag

    with mlflow_client(uri) as client:
        run = client.create_run(experiment_id(client, uri, name), tags=dict(tags))
        run_id = str(run.info.run_id)
        try:
            stamp = int(run.info.start_time)
            logged = [Metric(key, value, stamp, 0) for key, value in metrics.items()]
            logged += [Metric("search_value", trial["value"], stamp, trial["number"]) for trial in trials if trial["value"] is not None]
            params = [Param(key, str(value)) for key, value in parameters.items()]
            client.log_batch(run_id, metrics=logged, params=params, tags=[RunTag("trials", str(len(trials)))])
            for file in files:
                client.log_artifact(run_id, str(file), "training")
            client.set_terminated(run_id)
        except BaseException:
            client.set_terminated(run_id, status="FAILED")
            raise
        return run_id
