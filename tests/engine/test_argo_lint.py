"""The real `argo lint --offline` says of every manifest what its first lines say it does.

The `argo` command is not among the engines that `make engines` can build (its Go module is not to be had); put one on the PATH to run this.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ARGO = shutil.which("argo")
MANIFESTS = Path(__file__).parent / "manifests"

pytestmark = pytest.mark.skipif(ARGO is None, reason="not proven here: there is no argo command on the PATH to lint the manifests with")


def accepts(file: Path) -> bool:
    assert ARGO is not None
    command = [ARGO, "lint", "--offline", "--kinds=workflows,workflowtemplates,cronworkflows,clusterworkflowtemplates", str(file)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_argo_accepts_what_runs_here() -> None:
    refused = [file.stem for file in sorted((MANIFESTS / "accepted").glob("*.yaml")) if not accepts(file)]
    assert refused == []


def test_argo_agrees_or_only_a_cluster_can_run_it() -> None:
    wrong = []
    for file in sorted((MANIFESTS / "refused").glob("*.yaml")):
        lines = [line[2:] for line in file.read_text().splitlines() if line.startswith("#:")]
        if accepts(file) != (yaml.safe_load("\n".join(lines))["argo"] == "accepts"):
            wrong.append(file.stem)
    assert wrong == []
