"""The real `argo lint --offline` judges the manifests of the local runner as their first lines say, and accepts what is rendered."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from mlctl.plan.environment import Repository
from tests.engine.conftest import ENGINES, ROOT, need
from tests.engine.fidelity import Fidelity

pytestmark = pytest.mark.engine

MANIFESTS = ROOT / "tests" / "mlctl" / "workflow" / "manifests"


@pytest.fixture(scope="module")
def argo_command() -> Path:
    return need(ENGINES / "bin" / "argo")


def lint(argo_command: Path, files: Sequence[Path]) -> str:
    """What Argo finds wrong; nothing where it accepts every file. Files of one call may refer to each other's templates."""
    command = [str(argo_command), "lint", "--offline", "--no-color", "--output=simple", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    return (done.stdout + done.stderr).strip() or f"exit status {done.returncode}"


def lint_each(argo_command: Path, files: Sequence[Path]) -> dict[Path, str]:
    """The same of every file by itself: a file that Argo cannot even read takes the others' verdicts away."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(files, pool.map(lambda file: lint(argo_command, [file]), files), strict=True))


def stated(file: Path) -> str:
    """`accepts` or `refuses`: what runs here Argo accepts too, and what is refused here says what Argo makes of it."""
    if file.parent.name == "accepted":
        return "accepts"
    lines = [line[2:] for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("#:")]
    return str(yaml.safe_load("\n".join(lines))["argo"])


@pytest.mark.parametrize("folder", ["accepted", "refused"])
def test_argo_judges_as_stated(argo_command: Path, folder: str, fidelity: Fidelity) -> None:
    files = sorted((MANIFESTS / folder).glob("*.yaml"))
    assert files
    differences = [
        f"{file.name} says that Argo {stated(file)}: {problems or 'it does not'}"
        for file, problems in lint_each(argo_command, files).items()
        if stated(file) != ("refuses" if problems else "accepts")
    ]
    fidelity.record("argo lint", len(files), differences)
    assert differences == []


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_argo_accepts_the_rendered_workflows(argo_command: Path, repository: Repository, environment: str, fidelity: Fidelity) -> None:
    files = sorted((repository.root / "workflows" / "rendered" / environment).glob("*.yaml"))
    assert files, f"nothing is rendered for {environment}"
    problems = lint(argo_command, files)
    fidelity.record("argo lint", len(files), problems.splitlines())
    assert problems == ""


def test_argo_does_find_something_wrong(argo_command: Path, repository: Repository, tmp_path: Path) -> None:
    """A rendered workflow is judged, not only read: without its entrypoint it is refused."""
    file = repository.root / "workflows" / "rendered" / "dev" / "churn-training.yaml"
    manifest = yaml.safe_load(file.read_text(encoding="utf-8"))
    manifest["spec"]["entrypoint"] = "nowhere"
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    assert "nowhere" in lint(argo_command, [tmp_path / "broken.yaml"])
