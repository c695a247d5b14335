"""The real `argo lint --offline` says of every manifest what its first lines say it does."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

ARGO = Path(__file__).parents[3] / ".engines/bin/argo"
MANIFESTS = Path(__file__).parent / "manifests"

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not ARGO.exists(), reason="the argo command is not there: run `make engines`"),
]


def lint(file: Path) -> subprocess.CompletedProcess[str]:
    command = [str(ARGO), "lint", "--offline", "--kinds=workflows,workflowtemplates,cronworkflows,clusterworkflowtemplates"]
    return subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("file", sorted((MANIFESTS / "accepted").glob("*.yaml")), ids=lambda file: file.stem)
def test_argo_accepts_what_runs_here(file: Path) -> None:
    linted = lint(file)
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize("file", sorted((MANIFESTS / "refused").glob("*.yaml")), ids=lambda file: file.stem)
def test_argo_agrees_or_only_a_cluster_can_run_it(file: Path) -> None:
    lines = [line[2:] for line in file.read_text().splitlines() if line.startswith("#:")]
    verdict = yaml.safe_load("\n".join(lines))["argo"]
    linted = lint(file)
    assert (linted.returncode == 0) == (verdict == "accepts"), linted.stdout + linted.stderr
