"""The report as JUnit XML: one suite per environment, one case per rule, Checkov and cost."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from mlctl.finding import Finding, Status
from mlctl.report.model import EnvironmentReport, Report, short_name

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_report(report: Report) -> str:
    """The XML text."""
    root = Element("testsuites", name="mlctl check")
    for environment in report.environments:
        _suite(root, environment)
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, environment: EnvironmentReport) -> None:
    suite = SubElement(root, "testsuite", name=environment.name)
    for stack in environment.plan.stacks:
        case = SubElement(suite, "testcase", classname=f"{environment.name}.plan", name=stack.name, time=f"{stack.seconds:.3f}")
        for error in stack.errors:
            _add(case, "error", f"{error.file}:{error.line}: {error.problem}", error.remedy or "")
    by_rule: dict[str, list[Finding]] = {rule.id: [] for rule in environment.rules}
    for finding in environment.findings:
        by_rule.setdefault(finding.id, []).append(finding)
    for rule, findings in sorted(by_rule.items()):
        _case(suite, environment.name, rule, findings)
    suite.set("tests", str(len(suite)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in suite)))


def _case(suite: Element, environment: str, rule: str, findings: list[Finding]) -> None:
    case = SubElement(suite, "testcase", classname=f"{environment}.rules", name=rule)
    blocking = [finding for finding in findings if finding.blocks]
    for finding in blocking:
        place = f"{finding.file}:{finding.line}: " if finding.file else ""
        _add(case, "failure", f"{place}{short_name(finding.resource)}: {finding.message}", finding.remediation)
    if not blocking and any(finding.status is Status.NOT_EVALUATED for finding in findings):
        _add(case, "skipped", "not evaluated", "")


def _add(case: Element, tag: str, message: str, text: str) -> None:
    SubElement(case, tag, message=_NOT_XML.sub("?", message)).text = _NOT_XML.sub("?", text)
