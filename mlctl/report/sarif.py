"""The report as SARIF 2.1.0, which GitHub shows on the lines of the pull request.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import Any

from mlctl.finding import Finding, Severity, Status
from mlctl.plan.model import StackError
from mlctl.report.model import EnvironmentReport, Report, short_name

_LEVEL = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
_SCORE = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.0", Severity.LOW: "2.0"}
"""GitHub's security severity: https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning."""


def sarif_report(report: Report) -> dict[str, Any]:
    """The SARIF log as JSON values. What passed is not listed; what was waived carries a suppression."""
    rules: dict[str, dict[str, Any]] = {}
    results: list[dict[str, Any]] = []
    for environment in report.environments:
        for stack, error in environment.errors:
            rules.setdefault("program", _rule("program", "The program could not be planned", Severity.CRITICAL, "Mend the program."))
            results.append(_error(environment, stack, error))
        for finding in environment.findings:
            rules.setdefault(finding.id, _rule(finding.id, finding.title, finding.severity, finding.remediation))
            results.append(_result(environment, finding))
    driver = {"name": "mlctl", "rules": [rules[key] for key in sorted(rules)]}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}],
    }


def _rule(rule: str, title: str, severity: Severity, remediation: str) -> dict[str, Any]:
    return {
        "id": rule,
        "shortDescription": {"text": title},
        "help": {"text": remediation or title},
        "defaultConfiguration": {"level": _LEVEL[severity]},
        "properties": {"security-severity": _SCORE[severity]},
    }


def _result(environment: EnvironmentReport, finding: Finding) -> dict[str, Any]:
    status = "not evaluated: " if finding.status is Status.NOT_EVALUATED else ""
    text = f"[{environment.name}] {short_name(finding.resource)}: {status}{finding.message}. {finding.remediation}"
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "level": _LEVEL[finding.severity] if finding.blocks else "note",
        "kind": "fail",
        "message": {"text": text},
        "locations": [_location(finding.file or f"environments/{environment.name}.yaml", finding.line)],
        "partialFingerprints": {"mlctl/v1": _fingerprint(environment.name, finding.id, finding.resource)},
    }
    if finding.status is Status.WAIVED:
        result["suppressions"] = [{"kind": "external", "justification": finding.message}]
    return result


def _error(environment: EnvironmentReport, stack: str, error: StackError) -> dict[str, Any]:
    return {
        "ruleId": "program",
        "level": "error",
        "kind": "fail",
        "message": {"text": f"[{environment.name}] stack {stack}: {error.problem}. {error.remedy or ''}".rstrip()},
        "locations": [_location(error.file or f"stacks/{stack}/__main__.py", error.line)],
        "partialFingerprints": {"mlctl/v1": _fingerprint(environment.name, stack, error.problem)},
    }


def _location(file: str, line: int | None) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": PurePosixPath(file).as_posix()}, "region": {"startLine": max(1, line or 1)}}}


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
