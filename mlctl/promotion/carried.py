"""Evidence that a training workflow on the cluster carries to where the log is kept: the events it wrote beside the registration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from mlctl.errors import InputError
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event
from mlctl.evidence.workflow_say import FINDINGS, check_say


def read_events(text: str, model: str) -> list[Event]:
    """The events in a JSON list, as workflows/ writes `events.json`.

    Raises
    ------
    InputError
        It is no such list, about another model, or of a kind that training has no say in.
    """
    try:
        values = json.loads(text)
        if not isinstance(values, list):
            raise TypeError("no list")
        events = [_event(value) for value in values]
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"is no list of events: {error}", key="--evidence", remedy="give events.json of the registration") from None
    for event in events:
        if event.model != model:
            raise InputError(f"holds an event about {event.model!r}", key="--evidence", allowed=model)
        try:
            check_say(event, FINDINGS)
        except InputError as error:
            raise InputError(error.problem, key="--evidence", allowed=error.allowed) from None
    return events


def carry(root: Path, events: Sequence[Event]) -> int:
    """Append the events that the log does not hold yet; how many."""
    log = EvidenceLog(root / "evidence")
    models = {event.model for event in events}
    known = [_key(record) for model in models for record in log.records(model)]
    new = [event for event in events if _key(event) not in known]
    if new:
        log.append(new)
    return len(new)


def _event(value: Any) -> Event:
    return Event(**{str(key): item for key, item in value.items()})


def _key(event: Event) -> str:
    return json.dumps({item.name: getattr(event, item.name) for item in fields(Event)}, sort_keys=True, default=str)
