"""A steps template: groups one after another, the steps of a group at once."""

from __future__ import annotations

import asyncio
from typing import Any

from mlctl.workflow.engine.calls import Boundary, continues, run_expanded
from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.execute import Work
from mlctl.workflow.engine.node import Node, NodeKind, Phase, aggregate_of, variables_of
from mlctl.workflow.engine.outputs import outputs_from_scope
from mlctl.workflow.engine.session import Session
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.model.call import Arguments, Call
from mlctl.workflow.scope import Scope


def boundary_of(work: Work, kind: str) -> Boundary:
    """What the calls of a steps or dag template share."""
    limit = work.template.parallelism
    return Boundary(
        owner=work.owner,
        kind=kind,
        name=work.place.name,
        parallel=asyncio.Semaphore(limit) if limit else None,
        stop_on_failure=work.template.stop_on_failure,
        failed=asyncio.Event(),
    )


async def run_steps(work: Work, session: Session) -> Node:
    """Run every group until one fails; give the template's outputs."""
    place, recorder = work.place, session.recorder
    node = recorder.open(place.name, place.display, NodeKind.STEPS, work.template.name, place.parent)
    boundary = boundary_of(work, "steps")
    scope = work.scope.inner()
    for index, group in enumerate(work.template.steps):
        name = f"{place.name}[{index}]"
        group_node = recorder.open(name, f"[{index}]", NodeKind.STEP_GROUP, "", node)
        phase, message = await _run_group(group, scope, group_node, boundary, session)
        recorder.close(group_node, phase, message)
        if phase.bad:
            return recorder.close(node, Phase.FAILED, message)
        try:
            _need_lists(group, scope, str(work.template.raw))
        except ExpressionError as error:
            return recorder.close(node, Phase.ERROR, str(error))
    try:
        node.outputs = outputs_from_scope(work.template, scope)
    except (NodeError, ExpressionError) as error:
        return recorder.close(node, Phase.ERROR, str(error))
    return recorder.close(node, Phase.SUCCEEDED)


def _need_lists(group: tuple[Call, ...], scope: Scope, text: str) -> None:
    """Argo makes the lists of what loops printed as soon as a group has ended, if the template reads them anywhere."""
    for step in group:
        if step.loops and (name := f"steps.{step.name}.outputs.result") in text:
            scope.get(name)


async def _run_group(group: tuple[Call, ...], scope: Scope, group_node: Node, boundary: Boundary, session: Session) -> tuple[Phase, str]:
    runs = [run_expanded(step, scope, f"{group_node.name}.{step.name}", group_node, boundary, session) for step in group]
    ended = await asyncio.gather(*runs, return_exceptions=True)
    found: list[tuple[Phase, str]] = []
    for step, nodes in zip(group, ended, strict=True):
        if isinstance(nodes, NodeError | ExpressionError):
            found.append((Phase.ERROR, str(nodes)))
            continue
        if isinstance(nodes, BaseException):
            raise nodes
        scope.update(step_variables(step, nodes, boundary, session))
        bad = next((node for node in nodes if node.phase.bad and not continues(step, node.phase)), None)
        if bad:
            found.append((Phase.FAILED, f"child '{bad.display}' failed"))
    return found[0] if found else (Phase.SUCCEEDED, "")


def step_variables(call: Call, nodes: list[Node], boundary: Boundary, session: Session) -> dict[str, Any]:
    """What later calls can see of one that has ended."""
    prefix = f"{boundary.kind}.{call.name}"
    if not call.loops:
        return dict(variables_of(nodes[0], prefix))
    target = session.catalog.resolve(call, boundary.owner, ())
    declared = list(Arguments.read(target.raw.get("outputs")).parameters)
    bad = next((node.phase for node in nodes if node.phase.bad), Phase.SUCCEEDED)
    return {**aggregate_of(nodes, prefix, declared), f"{prefix}.status": str(bad)}
