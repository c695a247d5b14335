"""The report in each of its forms."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

from mlctl.finding import Status
from mlctl.report.as_json import report_to_json
from mlctl.report.html import html_report
from mlctl.report.junit import junit_report
from mlctl.report.markdown import LIMIT, MARKER, markdown_report
from mlctl.report.model import Report
from mlctl.report.sarif import sarif_report
from mlctl.report.text import text_report


def test_exit_status(blocked: Report, passed: Report) -> None:
    assert passed.exit_status == 0
    assert blocked.exit_status == 2  # a program failed
    [environment] = blocked.environments
    planned = replace(environment.plan, stacks=environment.plan.stacks[1:])
    assert replace(blocked, environments=(replace(environment, plan=planned),)).exit_status == 1


def test_json_has_the_promised_shape(blocked: Report) -> None:
    value = json.loads(json.dumps(report_to_json(blocked)))
    assert value["passed"] is False
    [environment] = value["environments"]
    assert environment["name"] == "prod"
    assert environment["passed"] is False
    assert [(stack["name"], stack["status"], stack["resources"]) for stack in environment["stacks"]] == [
        ("low", "failed", 0),
        ("app", "planned", 2),
    ]
    finding = environment["findings"][0]
    assert {key: finding[key] for key in ("id", "severity", "status", "file", "line", "blocks")} == {
        "id": "aws-s3-own-key",
        "severity": "high",
        "status": "fail",
        "file": "infra/bucket.py",
        "line": 65,
        "blocks": True,
    }
    assert {"id", "title", "severity", "status", "resource", "message", "remediation", "file", "line"} <= finding.keys()
    assert environment["checkov"] == {"passed": 10, "failed": 0, "not_evaluated": 1, "unmapped": ["kubernetes:helm.sh/v3:Release argo"]}
    cost = environment["cost"]
    assert (cost["monthly_usd"], cost["at_least"], cost["budget_usd"], cost["unpriced"]) == (1234.5, True, 2000.0, ["app/thing: no price"])
    assert cost["teams"] == [{"name": "lending", "monthly_usd": 1200.0, "budget_usd": 1000.0, "change_usd": 12.0}]
    assert value["seconds"] == {"plan": 1.25, "total": 4.0}


def test_text_says_what_blocks_where_and_what_to_do(blocked: Report) -> None:
    text = text_report(blocked, color=False, width=160)
    assert "\x1b" not in text
    assert "stack low failed stacks/low/__main__.py:7" in text
    assert "blocks high aws-s3-own-key (fail) infra/bucket.py:65" in text
    assert "do: name a key" in text
    assert "≥ $1,234" in text or "≥ $1,235" in text
    assert "against main: 0 added, 1 changed, 0 removed, +$12 a month" in text
    assert text.rstrip().splitlines()[-1].startswith("blocked")


def test_markdown_starts_with_the_marker_and_has_no_live_markup_of_names(blocked: Report) -> None:
    text = markdown_report(blocked)
    assert text.startswith(MARKER + "\n## Platform gate: blocked")
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "@everyone" not in text
    assert "❌ **aws-s3-own-key** high `infra/bucket.py:65` `data`" in text
    assert "! app/data aws:s3/bucket:Bucket  (tags.x)  +$12" in text


def test_markdown_is_cut_below_githubs_limit_and_keeps_the_summary(blocked: Report) -> None:
    [environment] = blocked.environments
    many = tuple(replace(environment.findings[0], resource=f"{environment.findings[0].resource}{number}") for number in range(2000))
    text = markdown_report(replace(blocked, environments=(replace(environment, findings=many),)))
    assert LIMIT * 0.9 < len(text) <= LIMIT
    assert "| prod | ❌ blocked |" in text
    assert text.rstrip().endswith("the whole report is among the artefacts of this run._")


def test_html_is_whole_escaped_and_needs_nothing_else(blocked: Report) -> None:
    page = html_report(blocked)
    HTMLParser().feed(page)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert re.findall(r"""(?:src|href)=["'](?!#)""", page) == []
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count("<svg") == 3  # teams, services, architecture
    assert "stack low failed" in page
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(svg)


def test_sarif_points_at_lines_and_suppresses_what_is_waived(blocked: Report) -> None:
    log = sarif_report(blocked)
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} == rules == {"program", "aws-s3-own-key"}
    places = {
        (result["ruleId"], result["level"]): result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
    }
    assert places[("aws-s3-own-key", "error")] == "infra/bucket.py"
    assert places[("program", "error")] == "stacks/low/__main__.py"
    assert sum("suppressions" in result for result in run["results"]) == 1
    assert len({result["partialFingerprints"]["mlctl/v1"] for result in run["results"]}) >= 2


def test_junit_counts_failures_errors_and_skips(blocked: Report, passed: Report) -> None:
    root = ElementTree.fromstring(junit_report(blocked))
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
        "skipped": "0",
    }
    assert ElementTree.fromstring(junit_report(passed)).get("skipped") == "1"


def test_what_was_waived_is_shown_as_waived(passed: Report) -> None:
    assert passed.passed
    statuses = [finding["status"] for finding in report_to_json(passed)["environments"][0]["findings"]]
    assert sorted(statuses) == [Status.NOT_EVALUATED.value, Status.WAIVED.value]
    assert "waived" in html_report(passed)
