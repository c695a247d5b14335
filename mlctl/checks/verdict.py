"""What judging one environment gives: the findings that did not pass, and how many did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlctl.finding import Enforcement, Finding, Severity, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """A rule as this environment has it: its own header, overlaid by `policy.rules` of the environment file."""

    id: str
    title: str
    severity: Severity
    remediation: str
    enforcement: Enforcement
    blocks_unknown: bool
    """Whether *not evaluated* blocks."""

    def blocks(self, status: Status) -> bool:
        if self.enforcement is not Enforcement.MANDATORY:
            return False
        return status is Status.FAIL or (status is Status.NOT_EVALUATED and self.blocks_unknown)

    def finding(
        self, status: Status, resource: str, message: str, *, stack: str | None = None, file: str | None = None, line: int | None = None
    ) -> Finding:
        """One verdict of this rule."""
        return Finding(
            id=self.id,
            title=self.title,
            severity=self.severity,
            status=status,
            resource=resource,
            message=message,
            remediation=self.remediation,
            stack=stack,
            file=file,
            line=line,
            blocks=self.blocks(status),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of the rules over one environment. Passes are counted, not listed: there may be millions."""

    findings: tuple[Finding, ...]
    passes: Mapping[str, int]
    """Rule id → how many subjects passed. A rule with nothing to judge has 0."""
    rules: Mapping[str, RuleFacts]

    def counts(self) -> dict[str, Counter[Status]]:
        """Rule id → how many verdicts of each status."""
        totals: dict[str, Counter[Status]] = {name: Counter({Status.PASS: count}) for name, count in self.passes.items()}
        for finding in self.findings:
            totals.setdefault(finding.id, Counter())[finding.status] += 1
        return totals


@dataclass(slots=True)
class Tally:
    """Collects while judging."""

    findings: list[Finding] = field(default_factory=list)
    passes: Counter[str] = field(default_factory=Counter)
