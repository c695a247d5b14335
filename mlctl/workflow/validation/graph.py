"""The shape of a DAG: names, dependencies, cycles."""

from __future__ import annotations

import re

from mlctl.workflow.depends import Depends, all_of, parse_depends, tasks_in
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.model.call import Call
from mlctl.workflow.model.template import Template
from mlctl.workflow.yaml_document import Document, Path_


def condition_of(task: Call, tasks: dict[str, Call]) -> Depends | None:
    """What a task waits for; None if nothing."""
    if task.depends:
        return parse_depends(task.depends)

    def continued(name: str) -> tuple[str, ...]:
        other = tasks[name]
        return ("Errored",) * other.continue_on_error + ("Failed",) * other.continue_on_failed

    return all_of(list(task.dependencies), continued)


def check_graph(template: Template, document: Document, path: Path_) -> dict[str, set[str]]:
    """Refuse a DAG that cannot be walked; give every task's ancestors."""
    tasks = {task.name: task for task in template.tasks}
    if not tasks:
        raise document.error((*path, "dag"), "has no tasks")
    at = (*path, "dag", "tasks")
    mixed = any(task.depends for task in template.tasks) and any(task.dependencies for task in template.tasks)
    waits: dict[str, list[str]] = {}
    for index, task in enumerate(template.tasks):
        place = (*at, index)
        _check_task(task, document, place, mixed)
        waits[task.name] = _waits_for(task, tasks, document, place)
    for name in (template.target or "").split():
        if name not in tasks and "{{" not in (template.target or ""):
            raise document.error((*path, "dag", "target"), f"there is no task `{name}`", allowed=", ".join(tasks))
    return _ancestors(waits, document, at)


def _check_task(task: Call, document: Document, place: Path_, mixed: bool) -> None:
    if mixed:
        raise document.error(place, "`depends` and `dependencies` cannot both be used in one DAG", remedy="use depends")
    if task.depends and (task.continue_on_failed or task.continue_on_error):
        raise document.error((*place, "continueOn"), "cannot be used with `depends`", remedy="name the results in `depends`: A.Failed")
    if task.depends and re.match(r"\d", task.name):
        raise document.error((*place, "name"), "must begin with a letter where `depends` is used")


def _waits_for(task: Call, tasks: dict[str, Call], document: Document, place: Path_) -> list[str]:
    key = "depends" if task.depends else "dependencies"
    try:
        named = tasks_in(parse_depends(task.depends)) if task.depends else list(task.dependencies)
    except ExpressionError as error:
        raise document.error((*place, "depends"), f"`{task.depends}` is not a condition: {error}") from None
    for name in named:
        if name not in tasks:
            raise document.error((*place, key), f"there is no task `{name}`", allowed=", ".join(tasks))
    if task.depends and "Daemoned" in task.depends:
        raise document.error((*place, key), "`Daemoned` is not known here: daemons are not run")
    return named


def _ancestors(waits: dict[str, list[str]], document: Document, at: Path_) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for start in waits:
        stack = [(start, iter(waits[start]))]
        trail = [start]
        while stack:
            name, rest = stack[-1]
            below = next(rest, None)
            if below is None:
                found[name] = {name for other in waits[name] for name in ({other} | found[other])}
                stack.pop()
                trail.pop()
            elif below in trail:
                cycle = " → ".join([*trail[trail.index(below) :], below])
                raise document.error((*at, list(waits).index(below)), f"the tasks wait for each other: {cycle}")
            elif below not in found:
                stack.append((below, iter(waits[below])))
                trail.append(below)
    return found
