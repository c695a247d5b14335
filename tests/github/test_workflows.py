"""GitHub's workflows: what they may do, what they call, and that each command of theirs exists and can be run at a desk."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from mlctl.cli.main import LazyGroup
from tests.mlctl.promotion.conftest import SOURCE

FOLDER = SOURCE / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
NAMES = ["canary", "comment", "deploy", "drift", "finops", "promote", "pull_request", "rollback", "training", "upgrade"]
AT_WRITE = {"actions", "contents", "pull-requests", "issues", "security-events", "id-token"}


def load(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
    return value


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def commands(name: str) -> list[str]:
    """The `run:` lines of a workflow in its order."""
    return [step["run"] for step in steps(load(FOLDER / f"{name}.yml")) if "run" in step]


def test_all_are_here() -> None:
    assert [path.stem for path in FILES] == NAMES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_least_privilege_time_outs_and_pins(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {}, "nothing unless a job asks"
    assert "concurrency" in workflow
    assert "pull_request_target" not in workflow["on"]
    assert ("workflow_run" in workflow["on"]) == (path.stem == "comment"), "see docs/adr/0007"
    for name, job in workflow["jobs"].items():
        assert int(job["timeout-minutes"]) <= 300, name
        assert set(job["permissions"]) <= AT_WRITE, name
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"
    pins = re.findall(r"uses: (\S+)(.*)", path.read_text())
    assert all(re.fullmatch(r" # v\d+\.\d+\.\d+", comment) for _, comment in pins), pins


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_line_calls_make_or_mlctl_and_holds_no_expression(path: Path) -> None:
    for step in steps(load(path)):
        if "run" in step:
            assert re.match(r"(make|\.venv/bin/mlctl) ", step["run"]), step["run"]
            assert "${{" not in step["run"], "an expression in a command is an injection"
            assert "\n" not in step["run"].strip()


def test_one_action_one_commit() -> None:
    used: dict[str, set[str]] = {}
    for path in FILES:
        for step in steps(load(path)):
            if "uses" in step:
                action, _, commit = step["uses"].partition("@")
                used.setdefault(action, set()).add(commit)
    assert {action for action, commits in used.items() if len(commits) > 1} == set()


def test_a_fork_meets_no_secret_and_no_right_to_write() -> None:
    text = (FOLDER / "pull_request.yml").read_text()
    assert "secrets." not in text
    for name, job in load(FOLDER / "pull_request.yml")["jobs"].items():
        risky = set(job["permissions"].items()) - {("contents", "read")}
        inside = "github.event.pull_request.head.repo.full_name == github.repository"
        guarded = inside in job.get("if", "") or any(
            need == "environments" for need in job.get("needs", []) if isinstance(job["needs"], list)
        )
        assert not risky or guarded, name


def test_deployments_are_never_cancelled_and_come_one_after_the_other() -> None:
    workflow = load(FOLDER / "deploy.yml")
    assert workflow["concurrency"]["cancel-in-progress"] == "false"
    deploy = workflow["jobs"]["deploy"]
    assert deploy["strategy"]["max-parallel"] == "1" and deploy["strategy"]["fail-fast"] == "true"
    assert deploy["environment"] == "${{ matrix.place.environment }}"
    calls = [command.split() for command in commands("deploy") if "mlctl" in command]
    assert [" ".join((*call[1:3], *call[5:6])) for call in calls] == [
        "deploy environments",
        "deploy preview --save",
        "model sync --artefacts",
        "deploy up --plans",
        "model sync --sagemaker",
        "deploy smoke",
        "deploy canaries",
        "evidence propose",
        "evidence copy",
    ]


def test_what_is_approved_is_what_was_previewed() -> None:
    jobs = load(FOLDER / "deploy.yml")["jobs"]
    assert jobs["deploy"]["needs"] == ["environments", "preview"]
    assert jobs["preview"]["environment"] == "${{ matrix.place.environment }}-preview", "no right to change anything"
    kept = next(step["with"] for step in jobs["preview"]["steps"] if "upload-artifact" in step.get("uses", ""))
    fetched = next(step["with"] for step in jobs["deploy"]["steps"] if "download-artifact" in step.get("uses", ""))
    assert kept["name"] == fetched["name"] and kept["path"].rstrip("/") == fetched["path"]
    lines = commands("deploy")
    assert any(line.endswith("--save .mlctl/plans") for line in lines) and any(line.endswith("--plans .mlctl/plans") for line in lines)


def test_what_may_comment_for_a_fork_runs_none_of_its_code() -> None:
    workflow = load(FOLDER / "comment.yml")
    [job] = workflow["jobs"].values()
    assert job["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "write"}
    checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert [set(step["with"]) for step in checkouts] == [{"persist-credentials"}], "the default branch and nothing else"
    assert "--untrusted" in job["steps"][-1]["run"]
    places = [step["with"]["path"] for step in job["steps"] if "download-artifact" in step.get("uses", "")]
    assert places == [".mlctl/untrusted"], "what the fork made lies where nothing is run or imported"


def test_owners_are_asked_about_what_is_dangerous() -> None:
    lines = [line.split() for line in (SOURCE / ".github" / "CODEOWNERS").read_text().splitlines() if line and not line.startswith("#")]
    owned = {line[0]: line[1:] for line in lines}
    assert {"/environments/prod.yaml", "/policies/", "/.github/", "/evidence/"} <= set(owned)
    for path, owners in owned.items():
        assert (owners and (SOURCE / path.strip("/")).exists()) or path == "/evidence/", path


def test_environments_come_in_the_order_they_are_deployed_in(tmp_path: Path) -> None:
    output = tmp_path / "output"
    line = [sys.executable, "-m", "mlctl.cli.main"]
    code = f"from mlctl.cli.deploy import command; command(['environments', '--output', {str(output)!r}])"
    subprocess.run([line[0], "-c", code], check=True, cwd=SOURCE, capture_output=True)
    name, _, value = output.read_text().partition("=")
    assert name == "environments"
    assert [place["environment"] for place in json.loads(value)] == ["dev", "staging", "prod"]


def find(arguments: list[str]) -> tuple[click.Command, list[str]]:
    """The command that these words name, and the words that are left."""
    import importlib

    command: click.Command = importlib.import_module(f"mlctl.cli.{arguments[0]}").command
    rest = arguments[1:]
    while isinstance(command, click.Group) and rest:
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, f"there is no command {' '.join(arguments)}"
        command, rest = found, rest[1:]
    return command, rest


@pytest.mark.parametrize("name", NAMES)
def test_each_command_takes_what_it_is_given(name: str) -> None:
    """Parsed by the command itself, with a plausible value for each variable."""
    values = {"$VERSION": "3", "$NUMBER": "7", "$MODEL-training": "churn-training", "$BASE": "main"}
    for line in commands(name):
        words = shlex.split(line)
        if words[0] == "make":
            continue
        words = [values.get(word, re.sub(r"\$[A-Z_]+", "dev", word)) for word in words[1:]]
        if not (SOURCE / "mlctl" / "cli" / f"{words[0]}.py").exists():
            pytest.fail(f"mlctl has no command {words[0]}")
        command, rest = find(words)
        command.make_context(command.name or "x", rest, resilient_parsing=False)


def test_make_targets_exist() -> None:
    made = {shlex.split(line)[1] for name in NAMES for line in commands(name) if line.startswith("make ")}
    makefile = (SOURCE / "Makefile").read_text()
    assert made == {"lint", "test", "check", ".venv/.gate"}
    assert all(re.search(rf"^{re.escape(target)}:", makefile, re.M) for target in made)


def test_mlctl_lists_the_commands_that_workflows_call() -> None:
    called = {shlex.split(line)[1] for name in NAMES for line in commands(name) if "mlctl" in line}
    assert called <= set(LazyGroup().list_commands(click.Context(click.Group())))


def test_each_workflow_keeps_the_published_schema(tmp_path: Path) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    command = [str(checker), "--builtin-schema", "vendor.github-workflows"]
    subprocess.run([*command, *map(str, FILES)], check=True, capture_output=True)
    subprocess.run([str(checker), "--builtin-schema", "vendor.dependabot", str(FOLDER.parent / "dependabot.yml")], check=True)
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(BROKEN.replace("runs-on", "run-on"))
    assert subprocess.run([*command, str(wrong)], check=False, capture_output=True).returncode == 1, "it can find something"


def test_zizmor_finds_nothing() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    if not zizmor.exists():
        pytest.fail("zizmor is not installed; make setup")
    done = subprocess.run([str(zizmor), "--offline", "--format", "json", str(FOLDER)], capture_output=True, text=True, check=False)
    assert json.loads(done.stdout) == [], done.stdout[:2000]
    broken = subprocess.run([str(zizmor), "--offline", "--format", "json", "-"], input=BROKEN, capture_output=True, text=True, check=False)
    assert broken.returncode != 0, "it can find something"


BROKEN = """name: x
on: pull_request_target
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.pull_request.title }}
"""
