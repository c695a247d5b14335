"""The folder that is served: the ONNX model, the model file, what reasons are made from, and the hash of every file."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.contracts.table import request_contract
from ml.data.arrow import file_hash
from ml.data.dataset import check_files
from ml.errors import InputError
from ml.spec import ModelSpec, load_spec
from ml.training.bundle import BACKGROUND, BUNDLE, MODEL, SPEC

MANIFEST = "artefact.json"
ONNX = "model.onnx"
BUNDLED = (SPEC, BUNDLE, MODEL, BACKGROUND)
"""What the explanation of a decision needs, taken from the trained bundle."""


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A verified artefact."""

    folder: Path
    spec: ModelSpec
    manifest: dict[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest, which holds the hash of every file: it names exactly this artefact."""
        return file_hash(self.folder / MANIFEST)


def write_artefact(folder: Path, spec: ModelSpec, bundle: Path, onnx_model: bytes, variant: str) -> Artefact:
    """Write the folder; the manifest comes last, so a folder with one is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ONNX).write_bytes(onnx_model)
    for name in BUNDLED:
        shutil.copyfile(bundle / name, folder / name)
    manifest = {
        "model": spec.name,
        "variant": variant,
        "contract_version": request_contract(spec).full_version,
        "spec_digest": spec.digest,
        "files": {name: file_hash(folder / name) for name in sorted((ONNX, *BUNDLED))},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return load_artefact(folder)


def load_artefact(folder: Path) -> Artefact:
    """Open an artefact after checking the hash of every file.

    Raises
    ------
    InputError
        The folder is no artefact, or a file is missing or is not the one that was packaged.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files: dict[str, str] = dict(manifest["files"])
    except FileNotFoundError:
        raise InputError("no such file", file=path, remedy="package the model again") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"not an artefact: {error}", file=path, remedy="package the model again") from None
    hashes = {name: str(files.get(name)) for name in (ONNX, *BUNDLED)}
    check_files(folder, hashes, remedy="fetch the artefact again or package the model again")
    return Artefact(folder=folder, spec=load_spec(folder / SPEC), manifest=manifest)


def find_artefact(folder: Path) -> Path:
    """Return the artefact of a folder that is one, or of an MLflow model folder that holds one."""
    if (folder / MANIFEST).is_file():
        return folder
    return next(iter(sorted(folder.rglob(MANIFEST))), folder / MANIFEST).parent
