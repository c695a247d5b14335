"""What a workflow on the cluster has a say in: the one rule for every road by which its events reach the log.

A pod of a team can write into its own corner of the inbox whatever it likes, so what comes from there must never count as something that
only this repository decides: an approval, a gate, a deployment, a canary, or a version that serves in an environment. Soak time and the
version a rollback goes back to are worked out from promotions and rollbacks *of an environment* (mlctl/promotion/history.py); a workflow's
own moves are those of the registry's champion, and name none.
"""

from __future__ import annotations

from mlctl.errors import InputError
from mlctl.evidence.record import Event, Kind

FINDINGS: tuple[Kind, ...] = (
    "training", "evaluation", "fairness", "explanation", "latency", "data_contract", "artefact", "monitoring",
)  # fmt: skip
"""What a step finds out about a version; with the environment, where it was judged for one."""
CHAMPION_MOVES: tuple[Kind, ...] = ("promotion", "rollback")
"""Of the registry's champion; never of an environment."""


def check_say(event: Event, allowed: tuple[Kind, ...] = (*FINDINGS, *CHAMPION_MOVES)) -> None:
    """Believe an event of a workflow.

    Raises
    ------
    InputError
        A workflow has no say in it: it is forged, or came by the wrong road.
    """
    if event.kind not in allowed:
        raise InputError(f"a workflow has no say in {event.kind}", key="kind", allowed=", ".join(allowed))
    if event.kind in CHAMPION_MOVES and event.environment is not None:
        raise InputError(f"a workflow has no say in a {event.kind} in an environment", key="environment", allowed="null")
