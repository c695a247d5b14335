"""A canary between two served models on this machine, by `mlctl model canary`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.spec import ModelSpec
from mlctl.evidence.log import EvidenceLog
from workflows.demo.checkout import Checkout, Done
from workflows.demo.hub import PullRequest
from workflows.demo.traffic import applicants

MINIMUM = 40
"""Answers of the challenger before a step ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a challenger did."""

    title: str
    version: int
    figures: Mapping[str, Any]
    """`result`, `checks` and `steps` of its record."""
    unanswered: int
    """Requests that no server answered."""
    done: Done
    merged: PullRequest
    """What it left: its evidence, or the revert."""

    @property
    def took_over(self) -> bool:
        return bool(self.figures["result"] == "champion_replaced")

    @property
    def refused_by(self) -> set[str]:
        """The checks that failed."""
        return {check["name"] for check in self.figures["checks"] if check["verdict"] == "fail"}

    @property
    def summary(self) -> str:
        """How it ended, in a line."""
        steps = " → ".join(f"{step['percent']} %" for step in self.figures["steps"])
        end = "took over" if self.took_over else f"rolled back by {', '.join(sorted(self.refused_by))}"
        return f"{steps}, {end}; {self.unanswered} requests unanswered"


def write_requests(path: Path, spec: ModelSpec, changed: Mapping[str, float], *, together: int = 1) -> Path:
    """One request per line, with the groups of whom it is about: the monitored attributes that hold words.

    Parameters
    ----------
    changed
        Knobs of the generator that differ from the model file's.
    together
        At most so many people of the same groups in a request, in no order of groups: groups are compared after fewer requests.
    """
    rows, _ = applicants(spec, changed)
    attributes = [item.column for item in spec.monitored if not item.bins]
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        alike.setdefault(tuple(row[name] for name in attributes), []).append(row)
    bodies = [people[first : first + together] for people in alike.values() for first in range(0, len(people), together)]
    mixed = [bodies[position] for position in np.random.default_rng(int(changed["seed"])).permutation(len(bodies))]
    lines = [json.dumps({"body": {"dataframe_records": body}, "groups": {name: body[0][name] for name in attributes}}) for body in mixed]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run_trial(checkout: Checkout, title: str, model: str, environment: str, given: Sequence[str]) -> Trial:
    """Shift traffic from one served model to the other; where it is rolled back, the revert is opened and merged.

    Parameters
    ----------
    given
        Further options of `mlctl model canary`: the servers, the requests.
    """
    options = ["--env", environment, "--minimum", str(MINIMUM), "--pull-request", *given]
    done = checkout.mlctl("model", "canary", model, *options, allowed=(0, 1))
    if done.status == 0:
        branch = f"evidence/canary-{model}-{environment}"
        checkout.mlctl("evidence", "propose", "--branch", branch)
    else:
        branch = f"rollback/{model}-in-{environment}"
    merged = checkout.merge(branch)
    record = [item for item in EvidenceLog(checkout.root / "evidence").records(model) if item.kind == "canary"][-1]
    assert record.version is not None
    unanswered = int(record.details["failed_for_callers"])
    return Trial(title=title, version=record.version, figures=record.details, unanswered=unanswered, done=done, merged=merged)
