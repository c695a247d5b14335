"""The plan and the comment as people read them. Change a golden only together with what it shows."""

from __future__ import annotations

from pathlib import Path

from mlctl.report.markdown import markdown_report
from mlctl.report.model import Report
from mlctl.report.plan_text import plan_text

GOLDEN = Path(__file__).parents[2] / "golden"


def test_plan(blocked: Report) -> None:
    assert plan_text(blocked.environments[0].plan) + "\n" == (GOLDEN / "plan.txt").read_text()


def test_comment(blocked: Report) -> None:
    assert markdown_report(blocked) == (GOLDEN / "comment.md").read_text()
