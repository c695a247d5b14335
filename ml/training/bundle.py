"""A trained model in a folder: the model, what it was made from, and the rows to compare later ones with."""

from __future__ import annotations

import hashlib
import pickle
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.dataset import checked_bytes, read_json, write_json
from ml.errors import InputError
from ml.spec import ModelSpec
from ml.training.algorithms import Classifier, score
from ml.training.model_bytes import model_bytes

BUNDLE = "bundle.json"
MODEL = "model.pickle"
SPEC = "spec.yaml"
REFERENCE = "reference.parquet"
BACKGROUND = "background.parquet"
LIBRARIES = ("numpy", "scikit-learn", "xgboost-cpu", "optuna", "pandas", "onnxruntime")
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A trained model and where it comes from; see `save_bundle` for the fields."""

    name: str
    spec_digest: str
    algorithm: str
    parameters: dict[str, Any]
    columns: tuple[str, ...]
    seed: int
    threshold: float
    data_hash: str
    contract_version: str
    run_id: str | None
    versions: dict[str, str]
    model_sha256: str
    model: Classifier

    def score(self, matrix: Array) -> Array:
        """Return the chance that the target is 1, one float64 per row of the encoded features."""
        return score(self.model, matrix)


def save_bundle(spec: ModelSpec, folder: Path, model: Classifier, **about: Any) -> dict[str, Any]:
    """Write the model, the specification and bundle.json (last, so a folder with one is complete); return the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    content = model_bytes(model)
    (folder / MODEL).write_bytes(content)
    if spec.file is not None and spec.file.resolve() != (folder / SPEC).resolve():
        shutil.copyfile(spec.file, folder / SPEC)
    values = {
        "name": spec.name,
        "spec_digest": spec.digest,
        "threshold": spec.decision.threshold,
        "versions": {library: metadata.version(library) for library in LIBRARIES},
        "model_sha256": hashlib.sha256(content).hexdigest(),
        **about,
    }
    write_json(folder / BUNDLE, values)
    return values


def load_bundle(folder: Path) -> Bundle:
    """Read a trained model, after checking that its bytes are the ones that were trained.

    Raises
    ------
    InputError
        The folder is incomplete, or the model's SHA-256 is not the recorded one.
    """
    written = tuple(name for name in Bundle.__dataclass_fields__ if name != "model")
    values = read_json(folder / BUNDLE, needed=written)
    path = folder / MODEL
    content = checked_bytes(path, values["model_sha256"], remedy="fetch it again or train again")
    fields = {name: values[name] for name in written if name != "columns"}
    try:
        model = pickle.loads(content)  # noqa: S301 - the hash above is that of the model we trained
    except Exception as error:  # an entry point's module may be missing, or a library be another version
        problem = f"the model cannot be read here: {type(error).__name__}: {error}"
        raise InputError(problem, file=path, remedy="install what it was trained with (see bundle.json), or train again") from error
    return Bundle(**fields, columns=tuple(values["columns"]), model=model)
