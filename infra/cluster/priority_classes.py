"""Which pods give way to which: serving over training over batch."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from mlctl.config.team import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """One class of pods."""

    value: int
    preempts: bool
    """Whether its pods push others off a node."""
    description: str


PRIORITIES = {
    "serving": Priority(value=100_000, preempts=True, description="Answers requests; takes the place of training and batch."),
    "training": Priority(value=10_000, preempts=True, description="Trains models; takes the place of batch."),
    "batch": Priority(value=1_000, preempts=False, description="Can wait; gives way to everything else."),
}


class PriorityClasses(pulumi.ComponentResource):
    """Creates the priority classes `serving`, `training` and `batch`. None is the default: a pod that names none has 0, below them all."""

    def __init__(self, name: str, team: Team, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:PriorityClasses", name, {}, opts)
        for short, priority in PRIORITIES.items():
            kubernetes.scheduling.v1.PriorityClass(
                short,
                metadata={"name": short, "labels": labels(short, team)},
                value=priority.value,
                preemption_policy="PreemptLowerPriority" if priority.preempts else "Never",
                global_default=False,
                description=priority.description,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
