"""What a version must show before it is pinned: the target environment's `promotion` settings, judged on the evidence.

Three-valued: what cannot be judged is `not_evaluated` and never counts as passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlctl.config.gates import Promotion
from mlctl.evidence.record import Record, Verdict
from mlctl.promotion.history import approvers, latest, served_since

_CLOCKS = timedelta(minutes=5)
"""How far clocks of different machines may be apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One demand and how it stands."""

    name: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What the registry says about the version. `problem` where it must not serve (missing, archived, not ready)."""

    sha256: str | None
    """Of everything that is registered: the tag `artefact_sha256`."""
    problem: str | None = None
    model_sha256: str | None = None
    """Of the trained model: the tag `model_sha256`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A version that wants to be pinned."""

    model: str
    version: int
    records: Sequence[Record]
    """All evidence about the model, oldest first."""
    definition: Mapping[str, Any] | None
    """ml/models/<name>.yaml; None where there is none."""
    from_version: int | None
    """What is pinned in the environment it comes from."""
    registered: Registered | None
    """None where no registry was asked."""


def judge(candidate: Candidate, promotion: Promotion, now: datetime) -> list[Check]:
    """Every demand of the environment, in the order people think of them."""
    checks = [_registry(candidate)]
    checks += [_evidence(candidate, kind) for kind in promotion.require]
    checks.append(_contract(candidate))
    checks.append(_age(candidate, promotion, now))
    if promotion.from_environment:
        checks.append(_soak(candidate, promotion, promotion.from_environment, now))
    if promotion.approvers:
        checks.append(_approvals(candidate, promotion))
    return checks


def refusals(checks: Sequence[Check]) -> list[Check]:
    """The checks that stand in the way. A registry that was not asked does not: the evidence holds the artefact's hash."""
    return [check for check in checks if check.verdict != "pass" and (check.name, check.verdict) != ("registry", "not_evaluated")]


def _registry(candidate: Candidate) -> Check:
    asked = candidate.registered
    if asked is None:
        return Check(name="registry", verdict="not_evaluated", detail="not asked; give --tracking-uri to compare the artefact with MLflow")
    if asked.problem:
        return Check(name="registry", verdict="fail", detail=asked.problem)
    record = latest(candidate.records, "artefact", candidate.version)
    details = record.details if record else {}
    pairs = [(asked.sha256, details.get("sha256")), (asked.model_sha256, details.get("model_sha256"))]
    both = [(here, str(proven)) for here, proven in pairs if here and proven]
    if not both:
        return Check(name="registry", verdict="fail", detail=f"registry and evidence name no common hash of version {candidate.version}")
    for here, proven in both:
        if here != proven:
            detail = f"tampered: the registry's artefact is {here[:12]}…, the evidence is about {proven[:12]}…"
            return Check(name="registry", verdict="fail", detail=detail)
    return Check(name="registry", verdict="pass", detail=f"artefact {both[0][0][:12]}… is the one the evidence is about")


def _evidence(candidate: Candidate, kind: str) -> Check:
    record = latest(candidate.records, kind, candidate.version)
    if record is None:
        return Check(name=kind, verdict="not_evaluated", detail=f"version {candidate.version} has no evidence of {kind.replace('_', ' ')}")
    if record.verdict != "pass":
        verdict: Verdict = "fail" if record.verdict == "fail" else "not_evaluated"
        return Check(
            name=kind, verdict=verdict, detail=f"record {record.sequence} of {record.date[:10]} says {record.verdict or 'nothing'}"
        )
    return Check(name=kind, verdict="pass", detail=f"record {record.sequence} of {record.date[:10]}")


def _contract(candidate: Candidate) -> Check:
    """The version was trained on the contract that callers keep today."""
    name = "contract_version"
    record = latest(candidate.records, "data_contract", candidate.version)
    trained = str(record.details.get("contract_version", "")) if record else ""
    contract = (candidate.definition or {}).get("contract")
    wanted = str(contract.get("version", "")) if isinstance(contract, Mapping) else ""
    if not trained or not wanted:
        missing = "the evidence" if not trained else f"ml/models/{candidate.model}.yaml"
        return Check(name=name, verdict="not_evaluated", detail=f"{missing} names no contract version")
    if trained.partition("+")[0] != wanted.partition("+")[0]:
        return Check(name=name, verdict="fail", detail=f"trained on contract {trained}; today's is {wanted}: train again")
    return Check(name=name, verdict="pass", detail=f"trained on contract {trained}")


def _age(candidate: Candidate, promotion: Promotion, now: datetime) -> Check:
    record = latest(candidate.records, "evaluation", candidate.version)
    if record is None:
        return Check(name="age", verdict="not_evaluated", detail="never evaluated")
    age = now - datetime.fromisoformat(record.date)
    if age < -_CLOCKS:
        return _future("age", f"the evaluation is dated {record.date}", now)
    verdict: Verdict = "pass" if age <= timedelta(days=promotion.max_evaluation_age_days) else "fail"
    return Check(
        name="age", verdict=verdict, detail=f"evaluated {max(0, age.days)} days ago; at most {promotion.max_evaluation_age_days} allowed"
    )


def _soak(candidate: Candidate, promotion: Promotion, place: str, now: datetime) -> Check:
    if candidate.from_version != candidate.version:
        pinned = f"version {candidate.from_version}" if candidate.from_version else "nothing"
        return Check(
            name="soak", verdict="fail", detail=f"{place} serves {pinned}, not version {candidate.version}: promote it there first"
        )
    served = served_since(candidate.records, place, candidate.version)
    if served is None:
        return Check(
            name="soak", verdict="not_evaluated", detail=f"no record says since when version {candidate.version} has served in {place}"
        )
    hours = (now - served.since).total_seconds() / 3600
    if now - served.since < -_CLOCKS:
        return _future("soak", f"its {'deployment' if served.deployed else 'promotion'} is dated {served.since.isoformat()}", now)
    verdict: Verdict = "pass" if hours >= promotion.soak_hours else "fail"
    detail = (
        f"{max(0.0, hours):.1f} h in {place} since its {'deployment' if served.deployed else 'promotion'}; {promotion.soak_hours} asked"
    )
    return Check(name="soak", verdict=verdict, detail=detail)


def _future(name: str, what: str, now: datetime) -> Check:
    return Check(name=name, verdict="not_evaluated", detail=f"{what}, which is after now ({now.isoformat()}): a clock is wrong")


def _approvals(candidate: Candidate, promotion: Promotion) -> Check:
    people = approvers(candidate.records, candidate.version)
    verdict: Verdict = "pass" if len(people) >= promotion.approvers else "fail"
    named = ", ".join(people) or "nobody"
    return Check(name="approvals", verdict=verdict, detail=f"approved by {named}; {promotion.approvers} asked")
