"""The report as JSON values. The keys are a contract: dashboards read them."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from mlctl.finding import Finding, Status
from mlctl.report.model import CostResult, EnvironmentReport, Report, Spend


def report_to_json(report: Report) -> dict[str, Any]:
    return {
        "passed": report.passed,
        "environments": [_environment(environment) for environment in report.environments],
        "seconds": {name: round(seconds, 3) for name, seconds in report.seconds.items()},
        "notes": list(report.notes),
    }


def _environment(environment: EnvironmentReport) -> dict[str, Any]:
    counts = environment.counts()
    return {
        "name": environment.name,
        "tier": environment.tier,
        "passed": environment.passed,
        "stacks": [
            {
                "name": stack.name,
                "status": stack.status,
                "resources": sum(resource.custom and resource.package != "pulumi" for resource in stack.resources),
                "errors": [
                    {
                        "problem": error.problem,
                        "file": error.file,
                        "line": error.line,
                        "key": error.key,
                        "allowed": error.allowed,
                        "remedy": error.remedy,
                    }
                    for error in stack.errors
                ],
            }
            for stack in environment.plan.stacks
        ],
        "services": dict(services(environment)),
        "findings": [_finding(finding) for finding in environment.findings],
        "rules": {
            "judged": len(environment.rules),
            **{status.value: counts[status] for status in Status},
        },
        "checkov": {
            "passed": environment.checkov.passed,
            "failed": environment.checkov.failed,
            "not_evaluated": environment.checkov.not_evaluated,
            "unmapped": list(environment.checkov.unmapped),
        },
        "cost": _cost(environment.cost),
        "base": _comparison(environment),
    }


def services(environment: EnvironmentReport) -> list[tuple[str, int]]:
    """Resources by service (`aws:ec2`, `kubernetes:helm.sh`), most first."""
    counts = Counter(
        service_of(resource.type)
        for resource in environment.plan.resources()
        if resource.custom and not resource.type.startswith("pulumi:")
    )
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def service_of(token: str) -> str:
    """`aws:ec2` of `aws:ec2/vpc:Vpc`, `kubernetes:apps` of `kubernetes:apps/v1:Deployment`."""
    package, _, rest = token.partition(":")
    return f"{package}:{rest.split('/')[0].split(':')[0]}"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "title": finding.title,
        "severity": finding.severity.value,
        "status": finding.status.value,
        "blocks": finding.blocks,
        "resource": finding.resource,
        "stack": finding.stack,
        "message": finding.message,
        "remediation": finding.remediation,
        "file": finding.file,
        "line": finding.line,
    }


def _cost(cost: CostResult | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    return {
        "monthly_usd": _money(cost.monthly_usd),
        "ceiling_usd": _money(cost.ceiling_usd),
        "at_least": cost.at_least,
        "budget_usd": _money(cost.budget_usd),
        "change_usd": _money(cost.change_usd),
        "teams": [_spend(team) for team in cost.teams],
        "services": [_spend(service) for service in cost.services],
        "models": [_spend(model) for model in cost.models],
        "unpriced": list(cost.unpriced),
        "assumptions": list(cost.assumptions),
        "prices_of": cost.prices_of,
    }


def _spend(spend: Spend) -> dict[str, Any]:
    return {
        "name": spend.name,
        "monthly_usd": _money(spend.monthly_usd),
        "budget_usd": _money(spend.budget_usd),
        "change_usd": _money(spend.change_usd),
    }


def _money(amount: Decimal | None) -> float | None:
    """JSON has no decimals; cents survive a float."""
    return None if amount is None else float(round(amount, 2))


def _comparison(environment: EnvironmentReport) -> dict[str, Any] | None:
    comparison = environment.comparison
    if comparison is None:
        return None
    changes = [
        {
            "kind": change.kind,
            "resource": change.urn,
            "file": change.file,
            "line": change.line,
            "paths": list(change.paths),
            "change_usd": _money(change.change_usd),
        }
        for change in comparison.changes
    ]
    return {"ref": comparison.ref, "problem": comparison.problem, "changes": changes}
