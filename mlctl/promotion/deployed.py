"""Records that a pinned version has been deployed, once."""

from __future__ import annotations

from collections.abc import Sequence

from mlctl.config.environment import Environment
from mlctl.evidence.record import Event, Record
from mlctl.promotion.history import served_since
from mlctl.promotion.move import Who


def deployment_events(environment: Environment, records: Sequence[Record], who: Who) -> list[Event]:
    """An event for each pinned model whose present version has no deployment since it was pinned."""
    events = []
    for name, model in sorted(environment.models.items()):
        if model.version is None:
            continue
        served = served_since([record for record in records if record.model == name], environment.name, model.version)
        if served is None or not served.deployed:
            events.append(who.event(kind="deployment", model=name, version=model.version, environment=environment.name, verdict="pass"))
    return events
