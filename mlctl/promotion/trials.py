"""Which models of an environment have a version on trial that no canary has judged yet: those to start one for after a deployment."""

from __future__ import annotations

from collections.abc import Sequence

from mlctl.config.environment import Environment
from mlctl.config.model import Model
from mlctl.evidence.record import Record
from mlctl.promotion.history import moves


def trials(environment: Environment, records: Sequence[Record]) -> list[str]:
    """Models, in alphabetical order: with a challenger that gets answers, or served in real time in a version that was promoted."""
    found = []
    for name, model in sorted(environment.models.items()):
        own = [record for record in records if record.model == name and record.environment == environment.name]
        version = _on_trial(model, own, environment.name)
        if version is not None and not _judged(own, version):
            found.append(name)
    return found


def _on_trial(model: Model, records: Sequence[Record], environment: str) -> int | None:
    if model.challenger is not None:
        return None if model.challenger.shadow else model.challenger.version
    last = next(iter(moves(records, environment)[::-1]), None)
    promoted = last is not None and last.kind == "promotion" and last.version == model.version
    return model.version if model.mode == "realtime" and promoted else None


def _judged(records: Sequence[Record], version: int) -> bool:
    """Whether a canary of the version ended after it was put there last. One that gave all traffic back because there was none, or because
    a question had to be answered and was not, judged nothing."""
    judged = False
    for record in records:
        if record.version != version:
            continue
        if record.kind == "promotion" or (record.kind == "canary" and record.verdict is None):
            judged = False
        elif record.kind == "canary":
            judged = record.verdict in ("pass", "fail") or record.details.get("result") == "champion_replaced"
    return judged
