"""A file between two steps that was cut, changed or is not there: its name, what is wrong, and which step to run again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml import pipeline
from ml.errors import InputError


def flipped(content: bytes) -> bytes:
    middle = len(content) // 3
    return content[:middle] + bytes(byte ^ 255 for byte in content[middle : middle + 50]) + content[middle + 50 :]


def cut(content: bytes) -> bytes:
    return content[:-9]


def emptied(_: bytes) -> bytes:
    return b""


@pytest.fixture
def copied(third_run: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    model, folder = third_run
    for name in ("data", "features", "bundle"):
        shutil.copytree(folder / name, tmp_path / name)
    return model, tmp_path


Step = Callable[[Path, Path], Any]
FROM_DATA: Step = lambda model, at: pipeline.build_features(model, at / "data", at / "again")  # noqa: E731
TRAIN: Step = lambda model, at: pipeline.train(model, at / "features", at / "again")  # noqa: E731
JUDGE: Step = lambda model, at: pipeline.evaluate(model, at / "features", at / "bundle", at / "again")  # noqa: E731
PACK: Step = lambda model, at: pipeline.package(model, at / "bundle", at / "features", at / "again")  # noqa: E731


@pytest.mark.parametrize("damage", [flipped, cut, emptied])
@pytest.mark.parametrize(
    ("file", "step", "remedy"),
    [
        ("data/rows.parquet", FROM_DATA, "ingest the data again"),
        ("data/events.parquet", FROM_DATA, "ingest the data again"),
        ("features/features.parquet", TRAIN, "run the step build-features again"),
        ("features/rows.parquet", JUDGE, "run the step build-features again"),
        ("features/features.parquet", PACK, "run the step build-features again"),
        ("bundle/model.pickle", JUDGE, "fetch it again or train again"),
    ],
)
def test_a_changed_file_is_noticed(file: str, step: Step, remedy: str, damage: Callable[[bytes], bytes], copied: tuple[Path, Path]) -> None:
    model, at = copied
    path = at / file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError) as caught:
        step(model, at)
    assert str(caught.value).startswith(f"{path}: the file is corrupted: SHA-256 ") and str(caught.value).endswith(remedy)
    assert not list((at / "again").glob("*.json")) if (at / "again").exists() else True


@pytest.mark.parametrize(
    ("file", "step", "key"),
    [
        ("data/manifest.json", FROM_DATA, "contract"),
        ("features/features.json", TRAIN, "data_hash"),
        ("bundle/bundle.json", JUDGE, "model_sha256"),
    ],
)
def test_a_key_that_is_missing_is_named(file: str, step: Step, key: str, copied: tuple[Path, Path]) -> None:
    model, at = copied
    values = json.loads((at / file).read_text(encoding="utf-8"))
    del values[key]
    (at / file).write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        step(model, at)
    assert str(caught.value) == f"{at / file}: {key}: missing; run the step that makes this file again"


def test_an_output_that_is_no_folder_is_named(copied: tuple[Path, Path]) -> None:
    model, at = copied
    (at / "again").write_text("a file", encoding="utf-8")
    for step in (FROM_DATA, TRAIN, JUDGE, PACK):
        with pytest.raises(InputError, match=r"again.*: cannot be used: (File exists|Not a directory)"):
            step(model, at)


def test_a_model_that_cannot_be_read_here_says_what_is_missing(copied: tuple[Path, Path]) -> None:
    import hashlib
    import pickle

    model, at = copied
    content = pickle.dumps(pipeline.train).replace(b"ml.steps.prepare", b"no.such.package.")
    (at / "bundle/model.pickle").write_bytes(content)
    values = json.loads((at / "bundle/bundle.json").read_text(encoding="utf-8"))
    values["model_sha256"] = hashlib.sha256(content).hexdigest()
    (at / "bundle/bundle.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(InputError, match=r"the model cannot be read here: ModuleNotFoundError: No module named 'no'; install what"):
        JUDGE(model, at)
