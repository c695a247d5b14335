"""Runs one step or task: its condition, its loop, its hooks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass

from mlctl.workflow.catalog import Owner
from mlctl.workflow.condition import holds
from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.execute import Place, run_call
from mlctl.workflow.engine.hooks import run_with_hooks
from mlctl.workflow.engine.loops import items_of
from mlctl.workflow.engine.node import Node, NodeKind, Phase
from mlctl.workflow.engine.session import Session
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.model.call import Call
from mlctl.workflow.scope import Scope
from mlctl.workflow.tags import fill_text


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """The steps or dag template a call belongs to."""

    owner: Owner
    kind: str
    """`steps` or `tasks`, the first word of the variables its calls are known by."""
    name: str
    parallel: asyncio.Semaphore | None
    stop_on_failure: bool
    failed: asyncio.Event

    def slot(self) -> contextlib.AbstractAsyncContextManager[object]:
        """A place among those that may run at once."""
        return self.parallel or contextlib.nullcontext()


async def run_expanded(call: Call, scope: Scope, name: str, parent: Node, boundary: Boundary, session: Session) -> list[Node]:
    """Run a call, once or per item; the nodes are in the order of the items."""
    scope = scope.inner({f"{boundary.kind}.name": call.name})
    items = items_of(call, scope)
    if items is None:
        return [await _run_one(call, scope, name, call.name, parent, boundary, session)]
    runs: list[Awaitable[Node]] = [
        _run_one(call, scope.inner(variables), name + suffix, call.name + suffix, parent, boundary, session) for suffix, variables in items
    ]
    return list(await asyncio.gather(*runs))


async def _run_one(call: Call, scope: Scope, name: str, display: str, parent: Node, boundary: Boundary, session: Session) -> Node:
    try:
        if call.when and not holds(fill_text(call.when, scope)):
            reason = f"when '{fill_text(call.when, scope)}' evaluated false"
            return session.recorder.shut(name, display, Phase.SKIPPED, reason, parent)
    except ExpressionError as error:
        if boundary.kind == "steps":
            raise  # Argo makes no node of the step: its group is the error
        return session.recorder.shut(name, display, Phase.ERROR, f"when: {error}", parent)
    async with boundary.slot():
        if boundary.stop_on_failure and boundary.failed.is_set():
            return Node(name, display, NodeKind.SKIPPED, "", phase=Phase.SKIPPED)  # Argo makes no node of it
        place = Place(name=name, display=display, parent=parent, boundary=boundary.name)
        node = await run_with_hooks(
            call, boundary.owner, scope, place, session, f"{boundary.kind}.{call.name}",
            lambda: run_call(call, boundary.owner, scope, place, session),
        )  # fmt: skip
    if node.phase.bad:
        boundary.failed.set()
    return node


def continues(call: Call, phase: Phase) -> bool:
    """Whether the steps after a call may run although it ended in `phase`."""
    if phase is Phase.ERROR:
        return call.continue_on_error
    return phase is not Phase.FAILED or call.continue_on_failed


def group_phase(nodes: list[Node]) -> Phase:
    """The phase of a loop: bad if any item is."""
    return next((node.phase for node in nodes if node.phase.bad), Phase.SUCCEEDED)


async def run_group(call: Call, scope: Scope, name: str, parent: Node, boundary: Boundary, session: Session) -> tuple[Node, list[Node]]:
    """Run a DAG task: one node, or a group with a node per item."""
    recorder = session.recorder
    if not call.loops:
        nodes = await run_expanded(call, scope, name, parent, boundary, session)
        return nodes[0], nodes
    try:
        items_of(call, scope.inner({f"{boundary.kind}.name": call.name}))
    except (NodeError, ExpressionError) as error:
        node = recorder.shut(name, call.name, Phase.ERROR, str(error), parent)
        return node, [node]
    group = recorder.open(name, call.name, NodeKind.TASK_GROUP, "", parent)
    nodes = await run_expanded(call, scope, name, group, boundary, session)
    if not nodes:
        return recorder.close(group, Phase.SKIPPED, "Skipped, empty params"), nodes
    return recorder.close(group, group_phase(nodes)), nodes
