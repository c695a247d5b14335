"""actionlint over the repository's GitHub workflows and actions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from mlctl.plan.environment import Repository
from tests.engine.fidelity import Fidelity

pytestmark = pytest.mark.engine

BROKEN = """name: Broken
on: push
jobs:
  one:
    runs-on: ubuntu-latest
    needs: two
    steps:
      - run: echo "${{ github.evnt.number }}"
"""


def lint(actionlint: Path, *files: Path) -> list[str]:
    command = [str(actionlint), "-format", "{{json .}}", "-shellcheck=", "-pyflakes=", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [f"{item['filepath']}:{item['line']}: {item['message']}" for item in json.loads(done.stdout)]


def test_the_workflows_are_right(actionlint: Path, repository: Repository, fidelity: Fidelity) -> None:
    folder = repository.root / ".github" / "workflows"
    if not folder.is_dir():
        pytest.skip("there are no GitHub workflows")
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    assert files, f"{folder} holds no workflow"
    problems = lint(actionlint, *files)
    fidelity.record("workflows", len(files), problems)
    assert problems == []


def test_a_broken_workflow_is_refused(actionlint: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.yml"
    path.write_text(BROKEN)
    problems = lint(actionlint, path)
    assert len(problems) == 2
    assert 'needs job "two" which does not exist' in problems[0]
    assert 'property "evnt" is not defined' in problems[1]
