"""The files of a registered model and their SHA-256, so that a changed byte is noticed before it serves."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ml.data.arrow import file_hash
from ml.data.dataset import read_json, write_json
from ml.errors import InputError

LIST = "sha256.json"


def write_list(folder: Path) -> str:
    """Write the hash of every file below a folder, and return the hash of the list."""
    hashes = {
        path.relative_to(folder).as_posix(): file_hash(path) for path in sorted(folder.rglob("*")) if path.is_file() and path.name != LIST
    }
    write_json(folder / LIST, hashes)
    return _digest(hashes)


def check_list(folder: Path, digest: str) -> None:
    """Check every file against the list, and the list against its registered hash.

    Raises
    ------
    InputError
        A file is missing, changed or not listed, or a link (which may lead anywhere later), or the list is not the registered one.
    """
    link = next((path for path in sorted(folder.rglob("*")) if path.is_symlink()), None)
    if link is not None:
        raise InputError("a link stands among the registered files", file=link, remedy="fetch the model again")
    hashes = read_json(folder / LIST)
    if _digest(hashes) != digest:
        raise InputError("the list of files is not the registered one", file=folder / LIST, remedy="register the model again")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()} - {LIST}
    for name in sorted(found ^ set(hashes)):
        problem = "the file is missing" if name in hashes else "the file was not registered"
        raise InputError(problem, file=folder / name, remedy="register the model again")
    for name, wanted in hashes.items():
        if file_hash(folder / name) != wanted:
            raise InputError(
                "the file is corrupted: its SHA-256 is not the registered one",
                file=folder / name,
                remedy="roll back, or register the model again",
            )


def _digest(hashes: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
