"""The registry: a version is there whole or not at all, and no changed byte passes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow.store.model_registry.dbmodels.models import SqlModelVersion

from ml.errors import InputError, ServiceError
from ml.registry.files import check_list, write_list
from ml.registry.registry import Registry, _check_stored
from ml.training.tracking import mlflow_client


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database with its tables: making them takes seconds, copying them does not."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with mlflow_client(f"sqlite:///{path}") as client:
        client.search_experiments()
    return path


@pytest.fixture
def registry(empty_database: Path, tmp_path: Path) -> Iterator[Registry]:
    shutil.copyfile(empty_database, tmp_path / "mlflow.db")
    yield Registry(f"sqlite:///{tmp_path}/mlflow.db")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "bundle").mkdir(parents=True)
    (made / "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
    (made / "bundle" / "model.pickle").write_bytes(b"weights")
    return made


def register(registry: Registry, folder: Path, run_id: str | None = None) -> str:
    return registry.register("m", folder, run_id=run_id, tags={"data_hash": "d1"}, description="# m")


def change(folder: Path, weights: bytes) -> Path:
    (folder / "bundle" / "model.pickle").write_bytes(weights)
    return folder


def test_a_version_carries_its_evidence_and_comes_back_whole(registry: Registry, folder: Path, tmp_path: Path) -> None:
    version = register(registry, folder)
    assert version == "1" and registry.version_of("m", "challenger") == "1"
    assert registry.version_of("m", "champion") is None
    assert registry.tags("m", "1")["data_hash"] == "d1"
    fetched = registry.fetch("m", "challenger", tmp_path / "fetched")
    assert (fetched / "bundle" / "model.pickle").read_bytes() == b"weights"


@pytest.mark.parametrize("damage", ["changed", "missing", "added", "listed"])
def test_a_damaged_artefact_is_noticed(damage: str, registry: Registry, folder: Path, tmp_path: Path) -> None:
    register(registry, folder)
    stored = next((tmp_path / "artifacts").rglob("model.pickle"))
    if damage == "changed":
        stored.write_bytes(b"weightz")
    elif damage == "missing":
        stored.unlink()
    elif damage == "added":
        stored.with_name("extra.py").write_text("import os", encoding="utf-8")
    else:
        shutil.copyfile(stored, stored.parent.parent / "sha256.json")
        (stored.parent.parent / "sha256.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"corrupted|missing|not registered|not the registered one"):
        registry.fetch("m", "1", tmp_path / "fetched")


@pytest.mark.parametrize("link", ["file", "folder", "nowhere"])
def test_a_link_among_the_files_is_refused(link: str, tmp_path: Path, folder: Path) -> None:
    """It leads to the registered bytes today, and anywhere tomorrow."""
    digest = write_list(folder)
    if link == "file":
        weights = folder / "bundle/model.pickle"
        weights.rename(tmp_path / "elsewhere")
        weights.symlink_to(tmp_path / "elsewhere")
    else:
        (folder / "more").symlink_to(tmp_path if link == "folder" else tmp_path / "nowhere")
    with pytest.raises(InputError, match="a link stands among the registered files"):
        check_list(folder, digest)


def test_a_version_that_is_gone_is_told_at_once(registry: Registry, folder: Path, tmp_path: Path) -> None:
    """An input error, which no workflow tries again; and the champion stays."""
    one, two = register(registry, folder), register(registry, change(folder, b"new"))
    registry.promote("m", one)
    registry.promote("m", two)
    with mlflow_client(registry.uri) as client:
        client.delete_model_version("m", one)
    with pytest.raises(InputError, match=r"version=1\) not found; look at what the registry has"):
        registry.rollback("m")
    assert registry.version_of("m", "champion") == two
    for ask in (registry.tags, lambda name, version: registry.fetch(name, version, tmp_path / "fetched"), registry.promote):
        with pytest.raises(InputError, match=r"version=1\) not found"):
            ask("m", one)
    assert registry.version_of("m", "champion") == two


def test_promote_and_roll_back(registry: Registry, folder: Path) -> None:
    one = register(registry, folder)
    two = register(registry, change(folder, b"new"))
    assert registry.promote("m", one) is None
    assert registry.promote("m", two) == one
    assert registry.promote("m", two) == one, "promoting the champion again changes nothing"
    assert registry.version_of("m", "champion") == two
    assert registry.rollback("m") == one
    assert registry.version_of("m", "champion") == one
    with pytest.raises(InputError, match="there was no champion before version 1"):
        registry.rollback("m")


def test_an_alias_per_environment_is_rolled_back_alone(registry: Registry, folder: Path) -> None:
    one = register(registry, folder)
    two = register(registry, change(folder, b"new"))
    for version in (one, two):
        registry.promote("m", version, alias="staging")
    registry.promote("m", one, alias="prod")
    registry.rollback("m", alias="staging")
    assert (registry.version_of("m", "staging"), registry.version_of("m", "prod")) == (one, one)
    with pytest.raises(InputError, match="m has no champion"):
        registry.rollback("m")


def test_registering_the_same_files_of_one_run_again_makes_no_second_version(registry: Registry, folder: Path) -> None:
    first = register(registry, folder)
    with mlflow_client(registry.uri) as client:
        run_id = client.get_model_version("m", first).run_id
    assert register(registry, folder, run_id) == first


@pytest.mark.parametrize("broken", ["log_artifacts", "list_artifacts", "create_model_version", "set_registered_model_alias"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_registration_leaves_no_version(
    broken: str, error: BaseException, registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    def fail(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(MlflowClient, broken, fail)
        with pytest.raises(ServiceError if isinstance(error, OSError) else KeyboardInterrupt):
            register(registry, folder)
    with mlflow_client(registry.uri) as client:
        assert list(client.search_model_versions("name='m'")) == []
        assert list(client.search_registered_models()) == []
    assert register(registry, folder) in ("1", "2"), "the step can be run again"
    assert registry.version_of("m", "challenger") is not None


def test_a_half_stored_folder_is_not_registered(registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    whole = MlflowClient.log_artifacts

    def half(client: Any, run_id: str, local_dir: str, artifact_path: str) -> None:
        whole(client, run_id, f"{local_dir}/bundle", f"{artifact_path}/bundle")

    monkeypatch.setattr(MlflowClient, "log_artifacts", half)
    with pytest.raises(ServiceError, match=r"MLflow did not store MLmodel, sha256\.json whole"):
        register(registry, folder)


def test_an_unknown_version_is_an_input_error(registry: Registry, folder: Path, tmp_path: Path) -> None:
    register(registry, folder)
    with pytest.raises(InputError, match="m has no version or alias 'prod'"):
        registry.fetch("m", "prod", tmp_path / "fetched")


@pytest.mark.parametrize(("stored", "whole"), [(None, True), (0, True), (3, False)])
def test_a_store_that_tells_no_size_of_an_empty_file_has_stored_it(tmp_path: Path, stored: int | None, whole: bool) -> None:
    """A real MLflow server with its files in S3 lists an empty `__init__.py` so."""
    (tmp_path / "__init__.py").touch()
    listed = [SimpleNamespace(is_dir=False, path="model/__init__.py", file_size=stored)]
    client: Any = SimpleNamespace(list_artifacts=lambda _run, _path: listed)
    if whole:
        _check_stored(client, "run", tmp_path)
    else:
        with pytest.raises(ServiceError, match=r"did not store __init__\.py whole"):
            _check_stored(client, "run", tmp_path)


def test_a_long_card_fits_into_the_tables_of_mlflow(registry: Registry, folder: Path) -> None:
    """PostgreSQL refuses what is longer than the column; SQLite, here, takes it."""
    longest = SqlModelVersion.__table__.c.description.type.length
    version = registry.register("m", folder, run_id=None, tags={}, description="x" * 20_000)
    with mlflow_client(registry.uri) as client:
        shown = str(client.get_model_version("m", version).description)
    assert len(shown) == longest and shown.endswith("the whole stands in model_card.md")
