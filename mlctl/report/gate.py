"""Runs the gate: plan, judge, scan, price, compare. What can go on at the same time does.

Checkov and the planning of the base are processes of their own; they run while this one plans, judges and prices.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import TracebackType

from mlctl.checks.checkov import EnvironmentScan, Scan, ScanResult, start_scan
from mlctl.checks.discovery import find_rules
from mlctl.checks.judge import judge
from mlctl.checks.rule_facts import check_settings
from mlctl.checks.settings import rule_settings
from mlctl.checks.subjects import model_subjects
from mlctl.checks.verdict import Verdict
from mlctl.checks.waivers import read_waivers
from mlctl.config import Environment, load_environments
from mlctl.config.gates import RuleSetting
from mlctl.config.yaml_file import read_yaml
from mlctl.cost.estimate import Estimate, estimate
from mlctl.cost.guardrails import GUARDRAILS, guardrails
from mlctl.cost.price_file import load_prices
from mlctl.evidence.log import read_records
from mlctl.finding import Enforcement, Finding, Status
from mlctl.plan.base import Base, BasePlanning
from mlctl.plan.environment import Repository, import_sdks, plan_environments
from mlctl.plan.model import Plan
from mlctl.plan.offline import Progress
from mlctl.plan.program import find_programs
from mlctl.report.comparison import compare
from mlctl.report.model import CheckovResult, EnvironmentReport, Report, RuleCount, ordered
from mlctl.report.spending import cost_result


class Gate:
    """One run of the gate over some environments.

    Parameters
    ----------
    repository
        What is judged.
    names
        Environments; all where empty.
    base
        Git ref to compare with, or None.
    today
        The date that waivers, evidence and prices are judged by.
    limit_seconds
        Running time of one program, seconds.

    Raises
    ------
    InputError
        An environment file, a rule, a waiver, the price book or the base is wrong.
    """

    def __init__(self, repository: Repository, *, names: Sequence[str], base: str | None, today: date, limit_seconds: float) -> None:
        self._repository = repository
        self._environments = load_environments(repository.environments, names)
        self._today = today
        self._limit_seconds = limit_seconds
        self._seconds: dict[str, float] = {}
        self._started = time.perf_counter()
        self._plans: list[Plan] = []
        self._open = ExitStack()
        self._waivers = read_waivers(repository.root / "policies" / "waivers.yaml")
        self._prices = load_prices()
        self._rules = find_rules(repository.root / "policies")
        self._base = self._open.enter_context(BasePlanning(repository.root, base)) if base else None
        try:
            self._scan: Scan = self._open.enter_context(start_scan(repository.root))
        except BaseException:
            self._open.close()
            raise
        self.programs = sum(len(find_programs(repository.stacks, environment.name)) for environment in self._environments)

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def plan(self, progress: Progress | None = None) -> None:
        """Plan every environment and hand the plans to Checkov."""
        with self._timed("imports"):
            import_sdks(self._repository)
        with self._timed("hand to checkov"):
            self._scan.submit_repository([environment.name for environment in self._environments])
        with self._timed("plan"):
            self._plans = plan_environments(self._repository, self._environments, limit_seconds=self._limit_seconds, progress=progress)
        with self._timed("hand to checkov"):
            for plan in self._plans:
                self._scan.submit(plan)

    def judge(self) -> Report:
        """Judge, price and compare; then wait for Checkov."""
        with self._timed("policies"):
            verdicts = self._verdicts()
        with self._timed("cost"):
            estimates = [estimate(plan, environment, self._prices, today=self._today) for plan, environment in self._pairs()]
        with self._timed("base"):
            base = self._base.result() if self._base else None
            base_estimates = self._base_estimates(base)
        with self._timed("checkov"):
            scanned = self._scan.result(self._environments, self._waivers, self._today)
        reports = [
            self._report(environment, plan, verdict, cost, base, base_estimates.get(environment.name), scanned)
            for (plan, environment), verdict, cost in zip(self._pairs(), verdicts, estimates, strict=True)
        ]
        reports[0] = replace(reports[0], findings=ordered([*reports[0].findings, *self._waiver_faults(scanned)]))
        self._seconds["total"] = time.perf_counter() - self._started
        return Report(environments=tuple(reports), seconds=self._seconds, notes=scanned.notes)

    def _rule_ids(self) -> list[str]:
        return [*(rule.name for rule in self._rules), *GUARDRAILS]

    def _waiver_faults(self, scanned: ScanResult) -> list[Finding]:
        """Waivers that have ended, or that nothing needed."""
        environments = [environment.name for environment in load_environments(self._repository.environments)]
        judged = [plan.environment for plan in self._plans if not any(stack.errors for stack in plan.stacks)]
        seen = judged if scanned.whole else []
        faults = self._waivers.faults(self._today, self._rule_ids(), environments=environments, judged=judged, scanned=seen)
        return [replace(fault, file="policies/waivers.yaml") for fault in faults]

    def _pairs(self) -> list[tuple[Plan, Environment]]:
        return list(zip(self._plans, self._environments, strict=True))

    def _verdicts(self) -> list[Verdict]:
        root = self._repository.root
        records = list(read_records(root / "evidence"))
        verdicts = []
        for plan, environment in self._pairs():
            file = Path("environments") / f"{environment.name}.yaml"
            check_settings(environment.policy, self._rule_ids(), str(file))
            subjects = model_subjects(environment, definitions=root / "ml" / "models", evidence=records)
            settings = rule_settings(environment, models=subjects, today=self._today)
            verdicts.append(judge(plan, environment, self._rules, settings, environment_file=file))
        return verdicts

    def _base_estimates(self, base: Base | None) -> dict[str, Estimate]:
        if base is None:
            return {}
        return {
            environment.name: estimate(base.plans[environment.name], environment, self._prices, today=self._today)
            for environment in self._environments
            if environment.name in base.plans
        }

    def _report(
        self,
        environment: Environment,
        plan: Plan,
        verdict: Verdict,
        cost: Estimate,
        base: Base | None,
        base_cost: Estimate | None,
        scanned: ScanResult,
    ) -> EnvironmentReport:
        own = [*verdict.findings, *_as_configured(guardrails(cost, base_cost, environment), environment)]
        waived = self._waivers.apply(own, environment.name, self._today)
        written = self._repository.root / "environments" / f"{environment.name}.yaml"  # not the copy that --set makes
        findings = [*_at_their_model(waived, written), *scanned.findings(environment.name)]
        return EnvironmentReport(
            name=environment.name,
            tier=environment.tier,
            plan=plan,
            findings=ordered([finding for finding in findings if finding.status is not Status.PASS]),
            rules=_rule_counts(verdict, waived),
            checkov=_checkov_result(scanned.summary(environment.name)),
            cost=cost_result(cost, base_cost),
            comparison=compare(plan, base, cost, base_cost) if base else None,
        )

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - started


def _at_their_model(findings: Sequence[Finding], file: Path) -> list[Finding]:
    """Findings about a model point at its version in the environment's file, which is what a promotion changes."""
    if not file.exists():
        return list(findings)
    source = read_yaml(file)
    models = source.value.get("models") or {}
    return [
        replace(finding, line=source.line(("models", finding.resource, "version"))) if finding.resource in models else finding
        for finding in findings
    ]


def _as_configured(findings: Sequence[Finding], environment: Environment) -> list[Finding]:
    """Guardrails on money with the environment's own severity and enforcement, where `policy.rules` has them."""
    configured = []
    for finding in findings:
        setting = environment.policy.rules.get(finding.id, RuleSetting())
        if setting.enforcement is Enforcement.DISABLED:
            continue
        blocks = finding.blocks and setting.enforcement is not Enforcement.ADVISORY
        configured.append(replace(finding, severity=setting.severity or finding.severity, blocks=blocks))
    return configured


def _checkov_result(scan: EnvironmentScan) -> CheckovResult:
    return CheckovResult(passed=scan.passed, failed=scan.failed, not_evaluated=scan.not_evaluated, unmapped=tuple(scan.unmapped))


def _rule_counts(verdict: Verdict, findings: Sequence[Finding]) -> tuple[RuleCount, ...]:
    counts: dict[str, dict[Status, int]] = {name: {Status.PASS: passed} for name, passed in verdict.passes.items()}
    titles: dict[str, str] = {name: facts.title for name, facts in verdict.rules.items()}
    for finding in findings:
        rule = counts.setdefault(finding.id, {})
        rule[finding.status] = rule.get(finding.status, 0) + 1
        titles.setdefault(finding.id, finding.title)
    return tuple(RuleCount(id=name, title=titles[name], counts=counts[name]) for name in sorted(counts))
