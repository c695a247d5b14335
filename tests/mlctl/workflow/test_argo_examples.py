"""Argo's own example and end-to-end manifests: what the local runner says of each stands in `argo_examples.txt`.

They are read from the Go module of Argo Workflows where the machine has it (`make engines` fetches it), and are not copied here.
Commands are taken to exist, so that a verdict does not depend on the machine. `MLCTL_UPDATE_GOLDEN=1 pytest
tests/mlctl/workflow/test_argo_examples.py` writes the table anew; read the difference before committing it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mlctl.errors import InputError
from mlctl.workflow.argo_fields import field_table
from mlctl.workflow.catalog import load_catalog
from mlctl.workflow.engine.arguments import check_given
from mlctl.workflow.validation import refusals
from mlctl.workflow.validation.check import check

MODULE = "github.com/argoproj/argo-workflows/v3@v3.7.4"
TABLE = Path(__file__).with_name("argo_examples.txt")
FOLDERS = ("examples", "test/e2e")
NOT_MANIFESTS = "test/e2e/manifests"
"""What the tests of Argo install: Deployments, roles and the like."""


def module_cache() -> Path:
    if shutil.which("go"):
        answer = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True)
        return Path(answer.stdout.strip())
    return Path.home() / "go/pkg/mod"


@pytest.fixture(scope="module")
def argo() -> Path:
    folder = module_cache() / MODULE
    if not (folder / "examples").is_dir():
        message = f"not proven here: the module {MODULE} is not on this machine; `make engines` fetches it"
        if os.environ.get("ENGINES_REQUIRED"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


def verdict(file: Path) -> str:
    try:
        catalog = load_catalog(file)
        check_given(catalog, {}, {})
        check(catalog)
    except InputError as error:
        allowed = f"; allowed: {error.allowed}" if error.allowed and len(error.allowed) < 60 else ""
        return f"refused: {error.problem}{allowed}"
    return "accepted"


def test_the_verdict_on_every_manifest_of_argo(argo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "is_available", lambda command: True)
    files = [file for folder in FOLDERS for file in sorted((argo / folder).rglob("*.yaml"))]
    names = {file: str(file.relative_to(argo)) for file in files}
    found = [f"{name}: {verdict(file)}" for file, name in names.items() if not name.startswith(NOT_MANIFESTS)]
    if os.environ.get("MLCTL_UPDATE_GOLDEN"):
        TABLE.write_text("\n".join(found) + "\n", encoding="utf-8")
    assert found == TABLE.read_text(encoding="utf-8").splitlines()


OURS_ONLY = {
    # Argo 4 reads artefacts through plugins.
    ("Artifact", "plugin"), ("ArtifactLocation", "plugin"), ("ArtifactPaths", "plugin"), ("ArtifactRepository", "plugin"),
    ("NodeStatus", "failedPodRestarts"), ("NodeStatus", "restartingPodUID"),
}  # fmt: skip
"""Fields of later versions."""


def test_our_fields_are_those_of_argos_published_schema(argo: Path) -> None:
    schema: dict[str, Any] = json.loads((argo / "api/jsonschema/schema.json").read_text())["definitions"]
    ours_only, argos_only = set(), set()
    for name, fields in field_table().items():
        own = f"io.argoproj.workflow.v1alpha1.{name.removeprefix('Argo')}"
        is_own = own in schema and f"Argo{name}" not in field_table()
        others = sorted((full for full in schema if full.endswith(f".{name}")), key=lambda full: ".core.v1." not in full)
        types = [own] if is_own else others
        if types:
            theirs = schema[types[0]].get("properties", {})
            ours_only |= {(name, field) for field in set(fields) - set(theirs)}
            argos_only |= {(name, field) for field in set(theirs) - set(fields)}
    assert argos_only == set()
    assert ours_only == OURS_ONLY
