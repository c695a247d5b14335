"""One record of the evidence log, and how its hash is made.

The hash is SHA-256 over the record's canonical JSON (RFC 8785 for the values used here: sorted keys, no white space, UTF-8) without the
hash itself. It covers the previous record's hash, so a record cannot be edited, moved or taken out without breaking what follows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Literal, get_args

from mlctl.errors import InputError

Kind = Literal[
    "training",
    "evaluation",
    "fairness",
    "explanation",
    "latency",
    "data_contract",
    "artefact",
    "gate",
    "approval",
    "promotion",
    "deployment",
    "canary",
    "rollback",
    "monitoring",
]
Verdict = Literal["pass", "fail", "not_evaluated"]

GENESIS = "0" * 64
"""What the first record of a chain names as its previous hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened; the log adds its place in the chain."""

    kind: Kind
    model: str
    date: str
    """When, ISO 8601 with time zone: `2026-11-20T17:30:00+00:00`."""
    actor: str
    """Who: a person's or a workflow's name."""
    version: int | None = None
    """Registry version; None before registration."""
    environment: str | None = None
    verdict: Verdict | None = None
    """None where the event is no judgement."""
    commit: str | None = None
    """Git commit of the code that did it."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """JSON values: metrics, data hash, contract version, artefact hash, cost, the canary's figures. No personal data."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError(f"{self.kind!r} is no kind of evidence", key="kind", allowed=", ".join(get_args(Kind)))
        if self.verdict not in (None, *get_args(Verdict)):
            raise InputError(f"{self.verdict!r} is no verdict", key="verdict", allowed=", ".join(get_args(Verdict)))
        for key in ("model", "actor"):
            if not getattr(self, key).strip():
                raise InputError("is empty", key=key)
        _check_date(self.date)


def _check_date(text: str) -> None:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is no date", key="date", allowed="ISO 8601: 2026-11-20T17:30:00+00:00") from None
    if when.tzinfo is None:
        raise InputError(f"{text!r} has no time zone", key="date", allowed="ISO 8601: 2026-11-20T17:30:00+00:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Event):
    """An event in its place."""

    sequence: int
    """1 for the first record of the chain."""
    previous: str
    """Hash of the record before."""
    hash: str

    def line(self) -> str:
        """The record as it stands in the file, without the line's end."""
        return canonical(asdict(self))


def chained(event: Event, sequence: int, previous: str) -> Record:
    """The event as the next record of a chain."""
    values = {item.name: getattr(event, item.name) for item in fields(Event)}
    values["details"] = json.loads(canonical(values["details"]))
    content = {**values, "sequence": sequence, "previous": previous}
    return Record(**content, hash=digest(content))


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of a record without its hash, hexadecimal."""
    return hashlib.sha256(canonical({key: value for key, value in content.items() if key != "hash"}).encode()).hexdigest()


def fingerprint(event: Event) -> str:
    """SHA-256 of what happened, hexadecimal; without date and place in a chain, so that an event written twice is seen to be one."""
    content = {item.name: getattr(event, item.name) for item in fields(Event) if item.name != "date"}
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def canonical(value: Any) -> str:
    """Canonical JSON.

    Raises
    ------
    InputError
        The value is not JSON (a NaN, an object).
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"the evidence is not JSON: {error}", key="details") from None
