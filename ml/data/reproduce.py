"""Make a data set again from its manifest, and say whether it is the same to the byte: `python -m ml.data.reproduce MODEL MANIFEST OUT`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ml.data.dataset import make_dataset, read_json
from ml.errors import BlockedError, InputError, MlError
from ml.mistake import checked
from ml.spec import ModelSpec, load_spec
from ml.spec_data import Knobs


def reproduce(spec: ModelSpec, manifest_path: Path, out: Path) -> dict[str, Any]:
    """Make a data set again from its manifest and compare it byte by byte.

    Raises
    ------
    BlockedError
        The bytes differ, and which table and which input changed.
    InputError
        The manifest is none, or of another model.
    """
    wanted = read_json(manifest_path, needed=("model", "origin", "contract", "python", "tables"))
    if wanted["model"] != spec.name:
        raise InputError(f"this is the manifest of {wanted['model']!r}", file=manifest_path, key="model", allowed=spec.name)
    knobs = checked(Knobs, wanted["origin"].get("knobs") or {}, file=manifest_path, key="origin.knobs")
    made = make_dataset(spec, knobs, out)
    for name, table in wanted["tables"].items():
        if made["tables"].get(name, {}).get("sha256") != table["sha256"]:
            changed = [key for key in ("origin", "contract", "python") if made[key] != wanted[key]]
            cause = f"{', '.join(changed)} changed since" if changed else "a library changed since"
            raise BlockedError(f"{name}.parquet differs from its manifest: {cause}", file=manifest_path)
    return made


def main(arguments: list[str]) -> int:
    """Run from a shell; 0: the same bytes, 1: other bytes, 2: wrong arguments or data."""
    if len(arguments) != 3:
        print("python -m ml.data.reproduce MODEL MANIFEST OUT", file=sys.stderr)
        return 2
    model, manifest, out = arguments
    try:
        made = reproduce(load_spec(model), Path(manifest), Path(out))
    except MlError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    for name, table in made["tables"].items():
        print(f"{name}.parquet: {table['rows_good']} rows, sha256 {table['sha256']}, as in the manifest")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
