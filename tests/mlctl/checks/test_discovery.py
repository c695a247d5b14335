"""Rules are found in any folder; what is wrong with one is said with its file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mlctl.checks.discovery import find_rules
from mlctl.errors import InputError
from mlctl.plan.environment import Repository

ROOT = Repository.find().root
RULE = """from pulumi_policy import EnforcementLevel, ResourceValidationPolicy
rule = ResourceValidationPolicy("{name}", "No.", lambda args, report: None, EnforcementLevel.ADVISORY)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    made = tmp_path / f"rules_{abs(hash(request.node.name))}"
    made.mkdir()
    return made


def test_finds_plain_policies_in_a_folder_of_any_name(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "b.py").write_text(RULE.format(name="b"), encoding="utf-8")
    (folder / "deep" / "a.py").write_text(RULE.format(name="a"), encoding="utf-8")
    (folder / "__main__.py").write_text("raise SystemExit('an entry point is not imported')", encoding="utf-8")
    assert [rule.name for rule in find_rules(folder)] == ["a", "b"]


def test_two_rules_of_one_id_are_refused(folder: Path) -> None:
    (folder / "a.py").write_text(RULE.format(name="same"), encoding="utf-8")
    (folder / "b.py").write_text(RULE.format(name="same"), encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.py: two rules have the id same; rename one"):
        find_rules(folder)


def test_a_broken_rule_names_its_file(folder: Path) -> None:
    (folder / "a.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.py: cannot be imported: ModuleNotFoundError: No module named 'nothing_of_that_name'"):
        find_rules(folder)


def test_an_empty_or_missing_folder_is_an_error(folder: Path) -> None:
    with pytest.raises(InputError, match="holds no rule"):
        find_rules(folder)
    with pytest.raises(InputError, match="no such folder"):
        find_rules(folder / "nowhere")


def test_our_own_rules_are_all_found() -> None:
    """Every rule module below policies/ contributes exactly one rule: none is written and forgotten."""
    rules = find_rules(ROOT / "policies")
    modules = {
        path for path in (ROOT / "policies").rglob("*.py") if "_rule(" in path.read_text(encoding="utf-8") and path.name != "rule.py"
    }
    assert len(rules) == len(modules) >= 60
