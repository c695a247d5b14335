"""Promotes, rolls back and approves: judges, changes the pin, and writes the evidence."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from mlctl.config.environment import Environment
from mlctl.config.load import load_environment
from mlctl.config.yaml_file import read_yaml
from mlctl.errors import BlockedError, InputError
from mlctl.evidence.record import Event, Record
from mlctl.promotion.gate import Candidate, Check, Registered, judge, refusals
from mlctl.promotion.history import known_versions, versions_before
from mlctl.promotion.intent import Change, Pins
from mlctl.promotion.pin import Pin


class VersionRegistry(Protocol):
    """Where versions are registered: MLflow."""

    def look_up(self, model: str, version: int) -> Registered: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who does it, when, from which commit."""

    actor: str
    now: datetime
    commit: str | None = None

    def event(self, **values: Any) -> Event:
        return Event(actor=self.actor, date=self.now.isoformat(timespec="seconds"), commit=self.commit, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What was done."""

    model: str
    environment: str
    version: int
    from_version: int | None
    checks: tuple[Check, ...]
    diff: str
    """Unified, of the environment file."""
    mended: str | None
    """What an interrupted earlier run had left, and what became of it."""


def promote(
    root: Path,
    model: str,
    to: str,
    who: Who,
    *,
    version: int | None = None,
    registry: VersionRegistry | None = None,
    trial: bool = False,
) -> Moved:
    """Pin a version in an environment; with `trial`, beside the version that serves, as its challenger.

    Raises
    ------
    BlockedError
        A gate refuses; the message names each one. Nothing is changed.
    InputError
        The model, the environment or the version does not exist, or the evidence is broken.
    ServiceError
        The registry failed. Nothing is changed.
    """
    pins = Pins(root)
    with pins.locked() as mended:
        environment = load_environment(pins.file(to))
        present = pins.pin(to, model)
        records = _records(pins, model)
        wanted = version if version is not None else _default_version(pins, environment, model, records)
        if present.version == wanted:
            raise BlockedError(f"version {wanted} of {model} serves in {to} already", remedy=mended or "nothing to do")
        checks = _judge(pins, environment, model, wanted, records, who, registry)
        _refuse(checks, model, wanted, to)
        gates = {check.name: check.verdict for check in checks}
        pin = _on_trial(environment, model, present, wanted) if trial else _pinned(present, wanted)
        details = {"from_version": present.version, "gates": gates} | ({"trial": True} if trial else {})
        # Only what serves is a promotion: what is on trial has a canary before it.
        kind = "canary" if trial else "promotion"
        verdict = None if trial else "pass"
        event = who.event(kind=kind, model=model, version=wanted, environment=to, verdict=verdict, details=details)
        before, after = pins.apply(Change(environment=to, pin=pin, event=event))
    return Moved(
        model=model,
        environment=to,
        version=wanted,
        from_version=present.version,
        checks=tuple(checks),
        diff=_diff(before, after, f"environments/{to}.yaml"),
        mended=mended,
    )


def _pinned(present: Pin, wanted: int) -> Pin:
    previous = present.version if present.version is not None else present.previous
    challenger = present.challenger if present.challenger != wanted else None
    return Pin(version=wanted, previous=previous, challenger=challenger, share=present.share)


def _on_trial(environment: Environment, name: str, present: Pin, wanted: int) -> Pin:
    """BlockedError where the version cannot be a challenger there."""
    model, remedy = environment.models[name], "promote it without --trial"
    if present.version is None:
        raise BlockedError(f"nothing serves {name} in {environment.name}, so nothing can be compared with it", remedy=remedy)
    if present.challenger is not None:
        remedy = f"mlctl model rollback {name} --env {environment.name} withdraws it"
        raise BlockedError(f"version {present.challenger} of {name} is on trial in {environment.name} already", remedy=remedy)
    standard = model.kserve is not None and model.kserve.deployment_mode == "Standard"
    if model.mode in ("batch", "asynchronous") or standard:
        way = "kserve with deployment_mode Standard" if standard else model.mode
        raise BlockedError(f"{name} is served {way} in {environment.name}, which splits no requests", remedy=remedy)
    share = environment.promotion.canary_steps[0]
    return Pin(version=present.version, previous=present.previous, challenger=wanted, share=share)


def rollback(root: Path, model: str, environment: str, who: Who, *, reason: str, details: Mapping[str, Any] | None = None) -> Moved:
    """Withdraw the challenger where one is on trial, else pin the last good version again. No gate stands in the way back: that version
    passed them all when it was promoted.

    Raises
    ------
    BlockedError
        There is no earlier version.
    InputError
        The model or the environment does not exist, or the evidence is broken.
    """
    pins = Pins(root)
    with pins.locked() as mended:
        load_environment(pins.file(environment))
        present = pins.pin(environment, model)
        records = _records(pins, model)
        pin = _way_back(model, environment, present, records, mended)
        event = who.event(
            kind="rollback",
            model=model,
            version=pin.version,
            environment=environment,
            details={**(details or {}), "from_version": present.challenger or present.version, "reason": reason},
        )
        before, after = pins.apply(Change(environment=environment, pin=pin, event=event))
    return Moved(
        model=model,
        environment=environment,
        version=pin.version or 0,
        from_version=present.challenger or present.version,
        checks=(),
        diff=_diff(before, after, f"environments/{environment}.yaml"),
        mended=mended,
    )


def _way_back(model: str, environment: str, present: Pin, records: Sequence[Record], mended: str | None) -> Pin:
    if present.challenger is not None:
        return Pin(version=present.version, previous=present.previous)
    if present.version is None or present.previous is None:
        missing = "nothing serves there" if present.version is None else f"version {present.version} has no previous_version"
        remedy = "promote a version first" if present.version is None else "promote an earlier version by its number"
        raise BlockedError(f"{model} cannot be rolled back in {environment}: {missing}", remedy=mended or remedy)
    stack = [item for item in versions_before(records, environment) if item != present.version]
    earlier = stack[: stack.index(present.previous)] if present.previous in stack else []
    return Pin(version=present.previous, previous=earlier[-1] if earlier else None)


def approve(root: Path, model: str, version: int, who: Who, *, revoke: bool = False, recorded_by: str | None = None) -> Record:
    """Record that somebody approves a version, or takes it back.

    Raises
    ------
    InputError
        There is no evidence about the version: nobody can approve what nobody has seen.
    """
    pins = Pins(root)
    with pins.locked():
        known = known_versions(_records(pins, model))
        if version not in known:
            allowed = ", ".join(map(str, known)) or "none"
            raise InputError(f"there is no evidence about version {version} of {model}", key="--version", allowed=allowed)
        event = who.event(
            kind="approval",
            model=model,
            version=version,
            verdict="fail" if revoke else "pass",
            details={"recorded_by": recorded_by or who.actor},
        )
        return pins.log.append([event])[0]


def _records(pins: Pins, model: str) -> list[Record]:
    problems = pins.log.verify(model)
    if problems:
        remedy = "restore evidence/ from git or from the object-locked copy; mlctl evidence verify shows all"
        raise InputError(f"the evidence of {model} is broken: {problems[0]}", remedy=remedy)
    return list(pins.log.records(model))


def _default_version(pins: Pins, environment: Environment, model: str, records: Sequence[Record]) -> int:
    """What the environment before serves; straight from the registry: the newest version with evidence."""
    source = environment.promotion.from_environment
    if source:
        version = pins.pin(source, model).version
        if version is None:
            raise BlockedError(f"{source} serves no version of {model}", remedy=f"mlctl model promote {model} --to {source} first")
        return version
    known = known_versions(records)
    if not known:
        raise BlockedError(
            f"no evidence about any version of {model}", remedy=f"train it first: mlctl workflow run {model}-training, or give --version"
        )
    return known[-1]


def _judge(
    pins: Pins,
    environment: Environment,
    model: str,
    version: int,
    records: Sequence[Record],
    who: Who,
    registry: VersionRegistry | None,
) -> list[Check]:
    definition = pins.root / "ml" / "models" / f"{model}.yaml"
    source = environment.promotion.from_environment
    candidate = Candidate(
        model=model,
        version=version,
        records=records,
        definition=read_yaml(definition).value if definition.exists() else None,
        from_version=pins.pin(source, model).version if source else None,
        registered=registry.look_up(model, version) if registry else None,
    )
    return judge(candidate, environment.promotion, who.now)


def _refuse(checks: Sequence[Check], model: str, version: int, environment: str) -> None:
    refused = refusals(checks)
    if refused:
        reasons = "".join(f"\n  {check.name}: {check.verdict.replace('_', ' ')}: {check.detail}" for check in refused)
        raise BlockedError(f"version {version} of {model} may not serve in {environment}; nothing was changed{reasons}")


def _diff(before: str, after: str, name: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm="", n=2)
    return "\n".join(lines)
