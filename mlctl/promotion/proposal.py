"""Brings records that were written here into the base branch, by a pull request: chained anew on what the base holds by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from mlctl.errors import InputError
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event, Record
from mlctl.promotion.git import Git
from mlctl.promotion.pull_request import Target


def propose_records(root: Path, target: Target, branch: str, title: str) -> tuple[int, str | None]:
    """Open or update the pull request with all records that the base lacks; (how many, its address).

    Records that an earlier, unmerged proposal holds are kept. Repeating it after a failure does no harm.

    Raises
    ------
    ServiceError
        Remote or GitHub failed.
    """
    git = Git(root)
    base = git.fetch(target.remote, target.base)
    if base is None:
        raise InputError(f"{target.remote} has no branch {target.base!r}", key="--base")
    known = git.fetch(target.remote, branch)
    wanted = list(EvidenceLog(root / "evidence").records())
    if known is not None:
        with git.scratch(known) as earlier:
            wanted = [*EvidenceLog(earlier.root / "evidence").records(), *wanted]
    with git.scratch(base) as tree:
        log = EvidenceLog(tree.root / "evidence")
        events = _missing(wanted, list(log.records()))
        if not events:
            return 0, None
        log.append(events)
        tree.commit(["evidence"], f"{title}\n\n{_list(events)}", author=target.author)
        tree.push(target.remote, branch, expected=known)
    body = f"Records of what was done, to be kept with the code:\n\n{_list(events)}\n"
    return len(events), target.github.pull_request(branch=branch, base=target.base, title=title, body=body)


def _missing(wanted: Sequence[Record], present: Sequence[Record]) -> list[Event]:
    known = [_event(record) for record in present]
    events: list[Event] = []
    for record in wanted:
        event = _event(record)
        if event not in known and event not in events:
            events.append(event)
    return events


def _event(record: Record) -> Event:
    return Event(**{item.name: getattr(record, item.name) for item in fields(Event)})


def _list(events: Sequence[Event]) -> str:
    return "\n".join(
        f"- {event.kind} of {event.model}"
        + (f" version {event.version}" if event.version is not None else "")
        + (f" in {event.environment}" if event.environment else "")
        for event in events
    )
