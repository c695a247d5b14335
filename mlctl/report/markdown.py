"""The report as the comment on a pull request: GitHub Markdown, found again by its marker, never above GitHub's limit."""

from __future__ import annotations

import re

from mlctl.finding import Finding, Status
from mlctl.report.model import EnvironmentReport, Report, short_name, signed_usd, usd

MARKER = "<!-- mlctl-check -->"
"""First line of the comment: the workflow looks for it and updates that comment instead of adding one."""

LIMIT = 65_536
"""Characters GitHub accepts in a comment."""

_CUT = "\n\n_Cut to GitHub's limit; the whole report is among the artefacts of this run._\n"


def markdown_report(report: Report, *, limit: int = LIMIT) -> str:
    """The comment. Details are left out from the end until it fits; the summary always stays."""
    head = "\n".join([MARKER, f"## Platform gate: {'passed ✅' if report.passed else 'blocked ❌'}", "", *_table(report), ""])
    details = [block for environment in report.environments for block in _details(environment)]
    details += [f"> {_text(note)}\n" for note in report.notes]
    text = head
    for block in details:
        if len(text) + len(block) + len(_CUT) + 1 > limit:
            return text + _CUT
        text += "\n" + block
    return text


def _table(report: Report) -> list[str]:
    rows = [
        "| environment | result | resources | rules pass / fail / not evaluated / waived | Checkov pass / fail "
        "| estimate a month | budget | change |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for environment in report.environments:
        counts, cost, checkov = environment.counts(), environment.cost, environment.checkov
        resources = sum(resource.custom and resource.package != "pulumi" for resource in environment.plan.resources())
        verdicts = " / ".join(str(counts[status]) for status in (Status.PASS, Status.FAIL, Status.NOT_EVALUATED, Status.WAIVED))
        rows.append(
            f"| {environment.name} | {'✅ pass' if environment.passed else '❌ blocked'} | {resources} | {verdicts} "
            f"| {checkov.passed} / {checkov.failed} | {_estimate(environment)} | {usd(cost.budget_usd) if cost else '–'} "
            f"| {signed_usd(cost.change_usd) if cost else '–'} |"
        )
    return rows


def _estimate(environment: EnvironmentReport) -> str:
    cost = environment.cost
    return "–" if cost is None else ("at least " if cost.at_least else "") + usd(cost.monthly_usd)


def _details(environment: EnvironmentReport) -> list[str]:
    """Blocks of text that can be left out one by one, the most wanted first."""
    blocks: list[str] = []
    blocking = [finding for finding in environment.findings if finding.blocks]
    others = [finding for finding in environment.findings if not finding.blocks]
    if environment.errors or blocking:
        blocks.append(f"### {environment.name}: what blocks\n")
    for stack, error in environment.errors:
        key = f"`{_code(error.key)}`: " if error.key else ""
        place = _place(error.file, error.line)
        blocks.append(f"- ❌ **stack {stack} failed** {place}: {key}{_text(error.problem)}{_remedy(error.remedy)}")
    blocks += [_finding(finding, "❌") for finding in blocking]
    if environment.comparison:
        blocks.append(_comparison(environment))
    if environment.cost and environment.cost.teams:
        blocks.append(_teams(environment))
    if others:
        lines = "\n".join(_finding(finding, "⚪" if finding.status is Status.WAIVED else "⚠️") for finding in others[:50])
        more = f"\n- … and {len(others) - 50} more" if len(others) > 50 else ""
        blocks.append(_folded(f"{environment.name}: {len(others)} reported, not blocking", lines + more))
    return blocks


def _finding(finding: Finding, mark: str) -> str:
    status = f" ({finding.status.value.replace('_', ' ')})" if finding.status is not Status.FAIL else ""
    place = _place(finding.file, finding.line)
    name = _code(short_name(finding.resource))
    head = f"- {mark} **{finding.id}** {finding.severity.value}{status} {place} `{name}`"
    return f"{head}: {_text(finding.message)}{_remedy(finding.remediation)}"


def _remedy(remedy: str | None) -> str:
    return f" **Do:** {_text(remedy)}" if remedy else ""


def _place(file: str | None, line: int | None) -> str:
    return f"`{_code(file)}:{line}`" if file and line else f"`{_code(file)}`" if file else ""


def _comparison(environment: EnvironmentReport) -> str:
    comparison = environment.comparison
    assert comparison is not None
    if comparison.problem:
        return f"**{environment.name}** against `{_code(comparison.ref)}`: not evaluated: {_text(comparison.problem)}\n"
    if not comparison.changes:
        return f"**{environment.name}**: no resource differs from `{_code(comparison.ref)}`.\n"
    marks = {"added": "+", "changed": "!", "removed": "-"}
    lines = []
    for change in comparison.changes[:200]:
        money = f"  {signed_usd(change.change_usd)}" if change.change_usd else ""
        paths = f"  ({', '.join(change.paths[:5])})" if change.paths else ""
        lines.append(f"{marks[change.kind]} {change.stack}/{change.name} {change.type}{paths}{money}".replace("`", "'").replace("\n", " "))
    more = f"\n… and {len(comparison.changes) - 200} more" if len(comparison.changes) > 200 else ""
    title = f"{environment.name}: {len(comparison.changes)} resources differ from {_text(comparison.ref)}"
    return _folded(title, "```diff\n" + "\n".join(lines) + more + "\n```")


def _teams(environment: EnvironmentReport) -> str:
    cost = environment.cost
    assert cost is not None
    rows = ["| team | estimate a month | budget | change |", "| --- | ---: | ---: | ---: |"]
    rows += [
        f"| {_text(team.name)} | {usd(team.monthly_usd)} | {usd(team.budget_usd)} | {signed_usd(team.change_usd)} |" for team in cost.teams
    ]
    notes = [f"\nWith every node pool at its limit: {usd(cost.ceiling_usd)}."]
    if cost.unpriced:
        notes.append(f"\nNo price for: {_text(', '.join(cost.unpriced[:20]))}.")
    return _folded(f"{environment.name}: cost by team", "\n".join([*rows, *notes]))


def _folded(title: str, body: str) -> str:
    return f"\n<details><summary>{title}</summary>\n\n{body}\n\n</details>\n"


def _code(text: str | None) -> str:
    """For inside back-ticks: names come from programs."""
    return re.sub(r"[`\r\n]", " ", text or "")


def _text(text: str | None) -> str:
    """For running text: nothing in it becomes markup, a mention or a link."""
    escaped = re.sub(r"([\\`*_{}\[\]<>#|~!])", r"\\\1", re.sub(r"\s+", " ", text or ""))
    return re.sub(r"@(?=\w)", "@\u200b", escaped)
