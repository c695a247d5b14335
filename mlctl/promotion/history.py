"""What the evidence says happened to a model in one environment: pure functions over its records, oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlctl.evidence.record import Record

_MOVES = ("promotion", "rollback")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Since when a version has served without a break."""

    since: datetime
    deployed: bool
    """False where only the promotion is recorded and no deployment of it."""


def moves(records: Iterable[Record], environment: str) -> list[Record]:
    """Promotions and rollbacks in one environment."""
    return [record for record in records if record.environment == environment and record.kind in _MOVES]


def served_since(records: Sequence[Record], environment: str, version: int) -> Served | None:
    """Since when the version has served there: from its deployment, or from its promotion where no deployment is recorded.

    None where the last move there was to another version, or there is none.
    """
    present: Served | None = None
    current: int | None = None
    for record in records:
        if record.environment != environment or record.version is None:
            continue
        if record.kind in _MOVES:
            if record.version != current:
                current = record.version
                present = Served(since=datetime.fromisoformat(record.date), deployed=False)
        elif record.kind == "deployment" and record.verdict == "pass" and (record.version != current or (present and not present.deployed)):
            current = record.version
            present = Served(since=datetime.fromisoformat(record.date), deployed=True)
    return present if current == version else None


def versions_before(records: Iterable[Record], environment: str) -> list[int]:
    """The versions that served there and were not rolled back, oldest first; the last one serves now."""
    stack: list[int] = []
    for record in moves(records, environment):
        if record.version is None:
            continue
        if record.kind == "promotion":
            stack = [version for version in stack if version != record.version] + [record.version]
        elif record.version in stack:
            stack = stack[: stack.index(record.version) + 1]
        else:
            stack = [*stack[:-1], record.version]
    return stack


def approvers(records: Iterable[Record], version: int) -> list[str]:
    """Different people who approved the version and did not take it back."""
    said: dict[str, str | None] = {}
    for record in records:
        if record.kind == "approval" and record.version == version:
            said[record.actor.strip().lower()] = record.verdict
    return sorted(person for person, verdict in said.items() if verdict == "pass")


def latest(records: Iterable[Record], kind: str, version: int) -> Record | None:
    """The last record of a kind about a version."""
    found = [record for record in records if record.kind == kind and record.version == version]
    return found[-1] if found else None


def known_versions(records: Iterable[Record]) -> list[int]:
    """Versions that any evidence is about."""
    return sorted({record.version for record in records if record.version is not None})
