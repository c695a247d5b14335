"""Registered models in MLflow: versions with evidence, and aliases that say which one serves.

A version appears in one last step, after its files are stored and listed; an interrupted registration leaves none.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.errors import InputError, ServiceError
from ml.registry.files import check_list, write_list
from ml.training.tracking import experiment_id, mlflow_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION = "champion"
CHALLENGER = "challenger"
PREVIOUS = "previous_champion"
LONGEST = 5000
"""Characters of a version's description in MLflow's tables; a database that keeps to it refuses more."""
_CUT = "\n\n… the whole stands in model_card.md"
STORED = "model"  # the artefact folder of a run that a version points to


class Registry:
    """The registry at a tracking address.

    Parameters
    ----------
    uri
        `http(s)://…` of an MLflow server, or `sqlite:///file.db`.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def register(self, name: str, folder: Path, *, run_id: str | None, tags: Mapping[str, str], description: str) -> str:
        """Store a folder and make it a version with its evidence and the alias `challenger`; return the version.

        Registering the same files of the same run again returns the version there is, so a resumed step does no harm.

        Raises
        ------
        ServiceError
            MLflow failed. No version is left behind.
        """
        digest = write_list(folder)
        with mlflow_client(self.uri) as client:
            made = _make_model(client, name)
            try:
                run_id = run_id or str(client.create_run(experiment_id(client, self.uri, name)).info.run_id)
                known = _known_version(client, name, run_id, digest)
                if known is not None:
                    return known
                client.log_artifacts(run_id, str(folder), STORED)
                _check_stored(client, run_id, folder)
                return _make_version(client, name, run_id, {**tags, "artefact_sha256": digest}, description)
            except BaseException:
                if made and not client.search_model_versions(f"name='{name}'"):
                    client.delete_registered_model(name)
                raise

    def version_of(self, name: str, alias: str) -> str | None:
        """Return the version an alias points to, or None."""
        with mlflow_client(self.uri) as client:
            return _alias(client, name, alias)

    def tags(self, name: str, version: str) -> dict[str, str]:
        """Return the evidence of a version."""
        with mlflow_client(self.uri) as client:
            return dict(client.get_model_version(name, version).tags)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias (champion, challenger, or an environment's name) to a version."""
        with mlflow_client(self.uri) as client:
            client.get_model_version(name, version)
            client.set_registered_model_alias(name, alias, version)

    def promote(self, name: str, version: str, *, alias: str = CHAMPION) -> str | None:
        """Make a version the champion, remember the one before it, and return that one."""
        with mlflow_client(self.uri) as client:
            before = _alias(client, name, alias)
            if before == version:
                return client.get_model_version(name, version).tags.get(f"{PREVIOUS}.{alias}")
            client.set_model_version_tag(name, version, f"{PREVIOUS}.{alias}", before or "")
            client.set_registered_model_alias(name, alias, version)
            return before

    def rollback(self, name: str, *, alias: str = CHAMPION) -> str:
        """Point the alias to the version before the present one, and return it.

        Raises
        ------
        InputError
            There is no champion, or none before it.
        """
        with mlflow_client(self.uri) as client:
            present = _alias(client, name, alias)
            if present is None:
                raise InputError(f"{name} has no {alias}", remedy="promote a version first")
            before = client.get_model_version(name, present).tags.get(f"{PREVIOUS}.{alias}")
            if not before:
                raise InputError(f"{name}: there was no {alias} before version {present}")
            client.set_registered_model_alias(name, alias, before)
            return str(before)

    def fetch(self, name: str, version_or_alias: str, folder: Path) -> Path:
        """Download a version into a folder and check every byte; return the folder.

        Raises
        ------
        InputError
            There is no such version, or its files are corrupted.
        """
        import mlflow.artifacts

        with mlflow_client(self.uri) as client:
            version = version_or_alias if version_or_alias.isdigit() else _alias(client, name, version_or_alias)
            if version is None:
                raise InputError(f"{name} has no version or alias {version_or_alias!r}")
            found = client.get_model_version(name, version)
            if folder.exists():
                shutil.rmtree(folder)
            folder.mkdir(parents=True)
            try:
                mlflow.artifacts.download_artifacts(run_id=found.run_id, artifact_path=STORED, dst_path=str(folder), tracking_uri=self.uri)
            except OSError as error:
                raise ServiceError(f"{name} {version} cannot be read: {error}") from error
        stored = folder / STORED
        check_list(stored, str(found.tags.get("artefact_sha256")))
        return stored


def _make_model(client: MlflowClient, name: str) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return False
    return True


def _alias(client: MlflowClient, name: str, alias: str) -> str | None:
    from mlflow.exceptions import MlflowException

    try:
        return str(client.get_model_version_by_alias(name, alias).version)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def _known_version(client: MlflowClient, name: str, run_id: str, digest: str) -> str | None:
    for version in client.search_model_versions(f"name='{name}' and run_id='{run_id}'"):
        if version.tags.get("artefact_sha256") == digest:
            return str(version.version)
    return None


def _check_stored(client: MlflowClient, run_id: str, folder: Path) -> None:
    sent = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    stored: dict[str, Any] = {}
    waiting = [STORED]
    while waiting:
        for item in client.list_artifacts(run_id, waiting.pop()):
            if item.is_dir:
                waiting.append(item.path)
            else:
                stored[item.path.removeprefix(f"{STORED}/")] = item.file_size or 0  # a store in S3 leaves the size of an empty file out
    if sent != stored:
        wrong = sorted(name for name in sent if stored.get(name) != sent[name])
        raise ServiceError(f"MLflow did not store {', '.join(wrong) or 'the files'} whole", remedy="check its disk and run the step again")


def _make_version(client: MlflowClient, name: str, run_id: str, tags: dict[str, str], description: str) -> str:
    source = f"{client.get_run(run_id).info.artifact_uri}/{STORED}"
    shown = description if len(description) <= LONGEST else f"{description[: LONGEST - len(_CUT)]}{_CUT}"
    made = client.create_model_version(name, source, run_id=run_id, tags=tags, description=shown)
    version = str(made.version)
    try:
        client.set_registered_model_alias(name, CHALLENGER, version)
    except BaseException:
        client.delete_model_version(name, version)
        raise
    return version
