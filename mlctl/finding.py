"""What a judge says about one resource: the only type that rules, Checkov and spend checks share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Status(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NOT_EVALUATED = "not_evaluated"
    WAIVED = "waived"


class Enforcement(StrEnum):
    """What a failed (or not evaluated) rule does to the gate."""

    MANDATORY = "mandatory"  # blocks
    ADVISORY = "advisory"  # is reported
    DISABLED = "disabled"  # is not run


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One verdict.

    `resource` is a Pulumi URN, or the name of what was judged where that is no resource (a team, a model, a file).
    `blocks` is true where this verdict makes the gate fail.
    """

    id: str
    title: str
    severity: Severity
    status: Status
    resource: str
    message: str
    remediation: str
    stack: str | None = None
    file: str | None = None
    line: int | None = None
    blocks: bool = False
