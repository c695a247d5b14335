"""The driver with real Checkov: each scan stands alone, questions may come one after another, and what fails is told."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from mlctl.checks.checkov import process
from mlctl.plan.environment import Repository

PYTHON = process.checkov_python(Repository.find().root)
DRIVER = Path(process.__file__).with_name("driver.py")
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="needs Checkov's environment: make setup")

NARROW = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::one/*"}
WIDE = {"Action": ["iam:PassRole", "iam:CreatePolicyVersion", "s3:*"], "Resource": "*"}


def terraform(path: Path, statement: Mapping[str, Any]) -> Path:
    """A plan of one policy; every such plan has the same file name and the same resource, as those of our environments have."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    values = {"name": "p", "policy": document}
    policy = {"address": "aws_iam_policy.p", "mode": "managed", "type": "aws_iam_policy", "name": "p", "values": values}
    plan = {"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": {"resources": [policy]}}}
    path.mkdir()
    (path / "tfplan.json").write_text(json.dumps(plan, indent=1), encoding="utf-8")
    return path / "tfplan.json"


def ask(questions: Sequence[Mapping[str, Any]]) -> subprocess.CompletedProcess[str]:
    text = "".join(json.dumps({"scans": question}) + "\n" for question in questions)
    return subprocess.run([PYTHON, DRIVER], input=text, capture_output=True, text=True, check=False)


def scan(path: Path, framework: str = "terraform_plan") -> dict[str, Any]:
    return {"framework": framework, "files": [str(path)]}


def failed(answer: str, name: str) -> set[str]:
    return {record[0] for record in json.loads(answer)["scans"][name]["records"] if record[2] == "FAILED"}


def test_a_policy_is_never_judged_by_that_of_another_environment(tmp_path: Path) -> None:
    """Checkov keeps policies by file name and resource: in one process the second environment would get the first one's verdict."""
    names = [f"environment-{number}" for number in range(6)]
    plans = {name: scan(terraform(tmp_path / name, WIDE if index % 2 else NARROW)) for index, name in enumerate(names)}
    answer = ask([plans]).stdout
    narrow, wide = failed(answer, names[0]), failed(answer, names[1])
    assert {"CKV_AWS_286", "CKV_AWS_288", "CKV_AWS_289", "CKV_AWS_290"} <= wide - narrow
    assert [failed(answer, name) for name in names] == [narrow, wide] * 3


def test_questions_come_one_after_another(tmp_path: Path) -> None:
    first, second = terraform(tmp_path / "a", NARROW), terraform(tmp_path / "b", WIDE)
    together = ask([{"a": scan(first), "b": scan(second)}]).stdout
    apart = ask([{"a": scan(first)}, {}, {"b": scan(second)}]).stdout
    assert json.loads(apart)["scans"].keys() == {"a", "b"}
    assert [failed(apart, name) for name in "ab"] == [failed(together, name) for name in "ab"]


def test_no_question_is_no_answer() -> None:
    answer = json.loads(ask([]).stdout)
    assert answer["scans"] == {} and answer["version"]


def test_a_scan_that_raises_is_named(tmp_path: Path) -> None:
    plan = terraform(tmp_path / "a", NARROW)
    run = ask([{"fine": scan(plan), "gone": scan(plan, "cobol")}])
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.strip().splitlines()[-1].startswith("RuntimeError: gone: ")
