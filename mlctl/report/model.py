"""What the gate found, ready to be written in any form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from mlctl.finding import Finding, Severity, Status
from mlctl.plan.model import Plan, StackError

ORDER = {Severity.CRITICAL: 0, Severity.HIGH: 1, Severity.MEDIUM: 2, Severity.LOW: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckovResult:
    """What Checkov said of one environment."""

    passed: int = 0
    failed: int = 0
    not_evaluated: int = 0
    unmapped: tuple[str, ...] = ()
    """Resources that could not be shown to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """An estimate and its limit, USD per month."""

    name: str
    monthly_usd: Decimal
    budget_usd: Decimal | None = None
    change_usd: Decimal | None = None
    """Against the base; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostResult:
    """What an environment is estimated to cost, USD per month."""

    monthly_usd: Decimal
    ceiling_usd: Decimal
    """With every node pool at its limit."""
    at_least: bool
    """Something has no price, so the real figure is higher."""
    budget_usd: Decimal
    teams: tuple[Spend, ...] = ()
    services: tuple[Spend, ...] = ()
    models: tuple[Spend, ...] = ()
    unpriced: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    change_usd: Decimal | None = None
    prices_of: str = ""
    """Date of the oldest price that was used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A resource that differs from the base. `paths` are the inputs that do."""

    kind: str
    """`added`, `changed` or `removed`."""
    urn: str
    type: str
    name: str
    stack: str
    file: str | None = None
    line: int | None = None
    paths: tuple[str, ...] = ()
    change_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One environment against its base."""

    ref: str
    problem: str | None = None
    """Why it could not be compared; then the rest is empty."""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How often one rule said what."""

    id: str
    title: str
    counts: Mapping[Status, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentReport:
    """Everything about one environment."""

    name: str
    tier: str
    plan: Plan
    findings: tuple[Finding, ...]
    """What did not pass. Blocking first, then by severity."""
    rules: tuple[RuleCount, ...]
    checkov: CheckovResult
    cost: CostResult | None
    comparison: Comparison | None = None

    @property
    def passed(self) -> bool:
        return not self.failed_stacks and not any(finding.blocks for finding in self.findings)

    @property
    def failed_stacks(self) -> tuple[str, ...]:
        return tuple(stack.name for stack in self.plan.stacks if stack.errors)

    @property
    def errors(self) -> tuple[tuple[str, StackError], ...]:
        return tuple((stack.name, error) for stack in self.plan.stacks for error in stack.errors)

    def counts(self) -> dict[Status, int]:
        """Verdicts of our own rules."""
        totals = dict.fromkeys(Status, 0)
        for rule in self.rules:
            for status, count in rule.counts.items():
                totals[status] += count
        return totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole run of the gate."""

    environments: tuple[EnvironmentReport, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return all(environment.passed for environment in self.environments)

    @property
    def exit_status(self) -> int:
        if any(environment.failed_stacks for environment in self.environments):
            return 2
        return 0 if self.passed else 1


def ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Blocking first, then by severity, then by place."""
    return tuple(
        sorted(findings, key=lambda item: (not item.blocks, ORDER[item.severity], item.id, item.file or "", item.line or 0, item.resource))
    )


def short_name(resource: str) -> str:
    """The name at the end of a URN; any other text as it is."""
    return resource.split("::")[-1] if resource.startswith("urn:pulumi:") else resource


def usd(amount: Decimal | None) -> str:
    """`$1,234`; cents below ten dollars."""
    if amount is None:
        return "–"
    sign = "-" if amount < 0 else ""
    amount = abs(amount)
    return f"{sign}${amount:,.2f}" if 0 < amount < 10 else f"{sign}${amount:,.0f}"


def signed_usd(amount: Decimal | None) -> str:
    """`+$12`, `-$3`, `±$0`."""
    if amount is None:
        return "–"
    return ("+" if amount > 0 else "" if amount < 0 else "±") + usd(amount)
