"""How much machine and time each step gets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a step asks for."""

    cpu: str
    """Cores."""
    memory: str
    """Request and limit: a step that takes more is killed rather than its neighbours."""
    minutes: int
    """It is ended after this long."""
    disk: str = "10Gi"
    """Limit of what it may write: it is evicted rather than the node's disk filled."""
    retries: int = 2
    """How often it is tried again where the failure was not its own."""


SMALL = Need(cpu="250m", memory="512Mi", minutes=10)
"""Steps that decide, notify, or talk to the registry in a few lines."""

NEEDS = {
    "ingest": Need(cpu="1", memory="4Gi", minutes=60),
    "build-features": Need(cpu="2", memory="8Gi", minutes=60),
    "publish-features": Need(cpu="500m", memory="2Gi", minutes=60),
    "screen": Need(cpu="1", memory="4Gi", minutes=20),
    "train": Need(cpu="4", memory="8Gi", minutes=360, retries=5),
    "train-on-gpu": Need(cpu="3", memory="12Gi", minutes=360, retries=5),
    "train-on-ray": Need(cpu="4", memory="8Gi", minutes=360, retries=5),
    "collect": Need(cpu="500m", memory="1Gi", minutes=20),
    "evaluate": Need(cpu="1", memory="4Gi", minutes=30),
    "check-fairness": Need(cpu="1", memory="4Gi", minutes=30),
    "explain": Need(cpu="1", memory="4Gi", minutes=60),
    "package": Need(cpu="2", memory="4Gi", minutes=30),
    "register": Need(cpu="500m", memory="2Gi", minutes=20),
    "fetch": Need(cpu="500m", memory="1Gi", minutes=20),
    "promote": Need(cpu="500m", memory="1Gi", minutes=10),
    "roll-back": Need(cpu="500m", memory="1Gi", minutes=10),
    "score-batch": Need(cpu="2", memory="4Gi", minutes=720, retries=10),
    "monitor": Need(cpu="1", memory="4Gi", minutes=60),
}
"""Template name → what it needs; the others are SMALL."""

MEMOISED = {"train": "fingerprint", "train-on-gpu": "fingerprint", "fit": "fingerprint"}
"""Template name → the input that names all it depends on: equal work is not done twice within a week."""
