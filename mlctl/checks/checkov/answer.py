"""From Checkov's records to findings at the Python line that wrote the resource."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from mlctl.checks.checkov.request import Request
from mlctl.checks.rule_facts import setting_facts
from mlctl.checks.verdict import RuleFacts
from mlctl.config import Environment
from mlctl.config.gates import Policy
from mlctl.finding import Enforcement, Finding, Severity, Status

UNSCANNED = "checkov"
"""Id of the finding that stands for a scan that did not happen."""

_REMEDY = "Mend the resource, or waive the check with a reason in policies/waivers.yaml."
_INDEX = re.compile(r"\[\d+\]|\d+")


class Record(NamedTuple):
    """One line of the driver's answer."""

    check: str
    title: str
    result: str
    resource: str
    file: str
    first: int
    last: int
    keys: list[str]
    negative: bool


class Place(NamedTuple):
    """What a record is about, in the reader's terms."""

    resource: str
    stack: str | None
    file: str | None
    line: int | None


@dataclass(slots=True)
class EnvironmentScan:
    """What Checkov says about one environment, or about the repository itself."""

    findings: list[Finding] = field(default_factory=list)
    """What did not pass."""
    passed: int = 0
    failed: int = 0
    not_evaluated: int = 0
    unmapped: tuple[str, ...] = ()
    """Resources that could not be shown to it."""

    def with_repository(self, other: EnvironmentScan) -> EnvironmentScan:
        """This and what concerns the repository itself."""
        return EnvironmentScan(
            findings=[*self.findings, *other.findings],
            passed=self.passed + other.passed,
            failed=self.failed + other.failed,
            not_evaluated=self.not_evaluated + other.not_evaluated,
            unmapped=self.unmapped,
        )

    def waived(self, findings: list[Finding]) -> EnvironmentScan:
        """The same with these findings; waived ones no longer count as failed."""
        counts = Counter(finding.status for finding in findings)
        failed, unknown = counts[Status.FAIL], counts[Status.NOT_EVALUATED]
        return EnvironmentScan(findings=findings, passed=self.passed, failed=failed, not_evaluated=unknown, unmapped=self.unmapped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """One run over everything."""

    environments: Mapping[str, EnvironmentScan]
    repository: EnvironmentScan
    version: str | None = None


def read_answer(answer: Mapping[str, Any], request: Request, environments: Sequence[Environment], root: Path) -> Scanned:
    """Findings per environment. A scan that saw less than it was given is *not evaluated*."""
    results = {environment.name: EnvironmentScan(unmapped=tuple(request.unshown.get(environment.name, ()))) for environment in environments}
    repository = EnvironmentScan()
    policies = {environment.name: environment.policy for environment in environments}
    asked = {**request.scans, "/secrets": request.scans.get("/secrets", {"files": []})}
    for name, scan in asked.items():
        environment, _, framework = name.partition("/")
        target = results.get(environment, repository)
        reader = _Reader(request, environment, policies.get(environment, strictest(environments)), root)
        found = answer["scans"].get(name)
        problem = "is missing from the answer" if found is None else unseen(name, scan, found, request)
        if problem:
            _add(target, reader.unscanned(f"Checkov's {framework} scan {problem}"))
        for record in (found or {}).get("records", ()):
            reader.read(Record(*record), framework, target)
    return Scanned(environments=results, repository=repository, version=answer.get("version"))


def failed_scan(problem: str, request: Request, environments: Sequence[Environment]) -> Scanned:
    """Nothing was scanned: every environment says so, and is blocked whatever its policy makes of single checks."""
    results = {}
    for environment in environments:
        results[environment.name] = EnvironmentScan(unmapped=tuple(request.unshown.get(environment.name, ())))
        reader = _Reader(request, environment.name, environment.policy, Path())
        _add(results[environment.name], replace(reader.unscanned(f"Checkov {problem}"), blocks=True))
    return Scanned(environments=results, repository=EnvironmentScan())


def strictest(environments: Sequence[Environment]) -> Policy:
    """The policy that the repository's own files are judged by: that of the first environment which blocks, else of the first."""
    for environment in environments:
        if environment.policy.checkov == "block":
            return environment.policy
    return environments[0].policy


def unseen(name: str, scan: Mapping[str, Any], found: Mapping[str, Any], request: Request) -> str | None:
    """Why the answer to a scan does not count; None where it saw everything it was given."""
    environment, _, framework = name.partition("/")
    if found["unparsed"]:
        return f"could not read {', '.join(found['unparsed'][:3])}"
    if framework == "terraform_plan":
        given, seen = len(request.terraform[environment].resources), len(found["resources"])
        return f"saw {seen} of {given} resources" if seen < given else None
    if framework in ("github_actions", "dockerfile", "argo_workflows") and not (found["resources"] or found["records"]):
        return f"saw nothing in {len(scan['files'])} files"
    return None


class _Reader:
    """Turns records of one environment into findings."""

    def __init__(self, request: Request, environment: str, policy: Policy, root: Path) -> None:
        self._request = request
        self._environment = environment
        self._policy = policy
        self._root = root

    def read(self, record: Record, framework: str, target: EnvironmentScan) -> None:
        """Count a pass, add a finding for anything else."""
        facts = self._facts(record.check, record.title)
        if facts.enforcement is Enforcement.DISABLED:
            return
        place = self._place(record, framework)
        status, message = self._status(record, framework)
        if status is Status.PASS:
            target.passed += 1
        else:
            _add(target, facts.finding(status, place.resource, message, stack=place.stack, file=place.file, line=place.line))

    def unscanned(self, problem: str) -> Finding:
        """The finding that stands for a scan that did not happen."""
        facts = self._facts(UNSCANNED, "Checkov has scanned everything")
        finding = facts.finding(Status.NOT_EVALUATED, self._environment or "repository", problem)
        return replace(finding, remediation="Run `make setup`, then the gate again; if it stays so, run Checkov by hand on what is named.")

    def _status(self, record: Record, framework: str) -> tuple[Status, str]:
        if framework == "terraform_plan" and (path := self._undecided(record)):
            return Status.NOT_EVALUATED, f"{path} is not known before the update"
        if record.result == "PASSED":
            return Status.PASS, ""
        if record.result == "SKIPPED":
            return Status.FAIL, "is suppressed by a comment; move the exception to policies/waivers.yaml"
        if record.result == "UNKNOWN":
            return Status.NOT_EVALUATED, "Checkov could not decide"
        looked_at = [key for key in record.keys if key != "resource_type"]
        return Status.FAIL, f"{record.title}" + (f" ({', '.join(looked_at[:3])})" if looked_at else "")

    def _undecided(self, record: Record) -> str | None:
        """The first path that the check looked at and that nobody knows yet.

        A value that another resource computes is *present*: a check that only asks for presence is decided by it. A check that failed
        on it, or that passes unless the value is a forbidden one, is not.
        """
        converted = self._request.terraform[self._environment].converted.get(record.resource)
        if converted is None:
            return None
        doubtful = set(converted.unknown)
        if record.result != "PASSED" or record.negative:
            doubtful |= converted.computed
        for key in record.keys:
            path = _dotted(key)
            for known in sorted(doubtful):
                if path == known or path.startswith(f"{known}.") or (known in converted.unknown and known.startswith(f"{path}.")):
                    return known
        return None

    def _place(self, record: Record, framework: str) -> Place:
        if framework == "terraform_plan":
            built = self._request.terraform[self._environment]
            resource = built.resources.get(record.resource)
            if resource is not None:
                return Place(resource.urn, built.stacks[record.resource], resource.file, resource.line)
        if record.file in self._request.manifests:
            stack, resource = self._request.manifests[record.file]
            return Place(resource.urn, stack, resource.file, resource.line)
        path = Path(record.file)
        file = str(path.relative_to(self._root)) if path.is_relative_to(self._root) else str(path)
        # Here a resource is the hash of a secret, or a path of keys: the file says more.
        return Place(file, None, file, record.first or 1)

    def _facts(self, check: str, title: str) -> RuleFacts:
        enforcement = Enforcement.MANDATORY if self._policy.checkov == "block" else Enforcement.ADVISORY
        return setting_facts(check, title, Severity.MEDIUM, _REMEDY, enforcement, self._policy)


def _add(target: EnvironmentScan, finding: Finding) -> None:
    target.findings.append(finding)
    if finding.status is Status.FAIL:
        target.failed += 1
    else:
        target.not_evaluated += 1


def _dotted(key: str) -> str:
    """`rule/[0]/apply_default/[0]/sse_algorithm` → `rule.apply_default.sse_algorithm`."""
    return ".".join(part for part in key.split("/") if part and part != "*" and not _INDEX.fullmatch(part))
