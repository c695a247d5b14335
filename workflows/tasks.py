"""Tasks of a DAG, in types that say what they are: Hera's own say that a step may be one of two things."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hera.workflows import Artifact, Parameter, Task
from hera.workflows.models import ValueFrom


def task(step: Any, *, name: str, arguments: Any, when: str | None = None) -> Task:
    """Inside a DAG: a task that runs a step of `workflows.steps`."""
    made = step(name=name, arguments=arguments, **({"when": when} if when else {}))
    assert isinstance(made, Task)
    return made


def in_order(*tasks: Task) -> None:
    """Have each task wait for the one before it."""
    for before, after in pairwise(tasks):
        before.next(after)


def output(made: Task, name: str, as_name: str | None = None) -> Artifact:
    """An output artefact of a task of the same DAG, as the input `as_name` of another."""
    return Artifact(name=as_name or name, from_=f"{{{{tasks.{made.name}.outputs.artifacts.{name}}}}}")


def result(name: str, reference: str) -> Parameter:
    """An output parameter of a DAG that is one of its tasks'."""
    return Parameter(name=name, value_from=ValueFrom(parameter=reference))
