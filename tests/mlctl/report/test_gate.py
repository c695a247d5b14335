"""The whole gate, on small repositories that each have one thing wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from mlctl.errors import InputError
from mlctl.finding import Status
from mlctl.plan.environment import Repository
from mlctl.report.gate import Gate
from mlctl.report.model import Report

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 11, 20)

GOOD = """
import pulumi
import pulumi_aws as aws
tags = {"environment": "dev", "team": "lending", "cost-centre": "CC-2100", "service": "app", "managed-by": "pulumi", "repository": "a/b"}
provider = aws.Provider("aws", region="us-east-1", default_tags={"tags": tags})
aws.sqs.Queue("queue", kms_master_key_id="alias/app", opts=pulumi.ResourceOptions(provider=provider))
pulumi.export("x", 1)
"""
OPEN = (
    GOOD
    + """
aws.ec2.SecurityGroup(
    "open",
    description="d",
    ingress=[{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"], "description": "ssh"}],
    opts=pulumi.ResourceOptions(provider=provider),
)
"""
)
MakeRepository = Callable[[Mapping[str, str]], Repository]


@pytest.fixture
def make(tmp_path: Path) -> MakeRepository:
    """A repository with the shipped dev.yaml and rules, and stacks of its own."""

    def make_repository(stacks: Mapping[str, str]) -> Repository:
        environments = tmp_path / "environments"
        environments.mkdir(exist_ok=True)
        (environments / "dev.yaml").write_text((ROOT / "environments" / "dev.yaml").read_text())
        for name in ("policies", "ml"):
            if not (tmp_path / name).exists():
                (tmp_path / name).symlink_to(ROOT / name)
        for name, source in stacks.items():
            folder = tmp_path / "stacks" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
            (folder / "__main__.py").write_text(source)
        return Repository(root=tmp_path, environments=environments, stacks=tmp_path / "stacks")

    return make_repository


def run(repository: Repository, *, base: str | None = None) -> Report:
    gate = Gate(repository, names=(), base=base, today=TODAY, limit_seconds=60)
    with gate:
        gate.plan()
        return gate.judge()


def with_checkov(repository: Repository) -> Repository:
    (repository.root / ".checkov").symlink_to(ROOT / ".checkov")
    return repository


def ids(report: Report, *, blocking: bool = True) -> set[str]:
    return {finding.id for finding in report.environments[0].findings if finding.blocks is blocking}


def test_a_stack_that_raises_is_reported_and_the_others_are_judged(make: MakeRepository) -> None:
    report = run(with_checkov(make({"broken": "raise KeyError('vpc')", "open": OPEN})))
    [environment] = report.environments
    assert report.exit_status == 2
    assert environment.failed_stacks == ("broken",)
    assert {stack.name: stack.status for stack in environment.plan.stacks} == {"broken": "failed", "open": "planned"}
    [finding] = [item for item in environment.findings if item.id == "aws-security-group-closed"]
    assert (finding.status, finding.file) == (Status.FAIL, "stacks/open/__main__.py")
    assert finding.line is not None
    assert environment.cost is not None
    assert environment.cost.at_least  # what the broken stack costs is missing
    assert environment.checkov.failed > 0
    assert "waiver-unused" not in ids(report)  # what the broken stack has may need them


def test_checkov_missing_blocks_and_everything_else_is_judged(make: MakeRepository) -> None:
    report = run(make({"open": OPEN}))
    [environment] = report.environments
    assert report.exit_status == 1
    assert "aws-security-group-closed" in ids(report)
    [missing] = [
        item for item in environment.findings if item.status is Status.NOT_EVALUATED and item.blocks and "checkov" in item.id.lower()
    ]
    assert "make setup" in missing.message and "make setup" in missing.remediation
    assert not [item for item in environment.findings if item.id == "waiver-unused" and item.resource.startswith("CKV")]


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho nonsense\n", "#!/bin/sh\necho '{\"scans\": 1}'\n"])
def test_checkov_crashing_blocks(make: MakeRepository, script: str) -> None:
    repository = make({"app": GOOD})
    python = repository.root / ".checkov" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(script)
    python.chmod(0o755)
    report = run(repository)
    assert not report.passed
    assert any("checkov" in name.lower() for name in ids(report))


def test_an_unknown_rule_in_the_configuration_is_an_input_error(make: MakeRepository) -> None:
    repository = make({"app": GOOD})
    file = repository.environments / "dev.yaml"
    text = file.read_text()
    assert "  checkov: block\n" in text
    file.write_text(text.replace("  checkov: block\n", "  checkov: block\n  rules:\n    aws-sqs-encryptet: {enforcement: advisory}\n"))
    with pytest.raises(InputError, match="aws-sqs-encryptet"):
        run(repository)


def git(folder: Path, *arguments: str) -> None:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t.example", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def test_base_that_cannot_be_planned_is_not_evaluated(make: MakeRepository) -> None:
    repository = make({"app": GOOD})
    git(repository.root, "init", "--quiet", "--initial-branch=main")
    git(repository.root, "add", "stacks")
    git(repository.root, "commit", "--quiet", "--message", "no environments yet")
    report = run(repository, base="main")
    comparison = report.environments[0].comparison
    assert comparison is not None
    assert comparison.problem is not None
    assert "the base could not be planned" in comparison.problem


def test_base_of_an_unknown_ref(make: MakeRepository) -> None:
    repository = make({"app": GOOD})
    git(repository.root, "init", "--quiet", "--initial-branch=main")
    with pytest.raises(InputError, match="git knows no commit 'nowhere'"):
        run(repository, base="nowhere")


def test_what_changed_against_the_base(make: MakeRepository) -> None:
    repository = make({"app": GOOD})
    git(repository.root, "init", "--quiet", "--initial-branch=main")
    git(repository.root, "add", "stacks", "environments")
    git(repository.root, "commit", "--quiet", "--message", "base")
    make({"app": GOOD.replace('"alias/app"', '"alias/other"') + 'aws.sns.Topic("new", opts=pulumi.ResourceOptions(provider=provider))\n'})
    report = run(repository, base="main")
    comparison = report.environments[0].comparison
    assert comparison is not None
    assert comparison.problem is None
    assert [(change.kind, change.name, change.paths) for change in comparison.changes] == [
        ("changed", "queue", ("kmsMasterKeyId",)),
        ("added", "new", ()),
    ]
    worktrees = subprocess.run(["git", "-C", str(repository.root), "worktree", "list"], capture_output=True, text=True, check=True).stdout
    assert len(worktrees.splitlines()) == 1
