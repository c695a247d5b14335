"""A suspend template: waits for a time, or for a person."""

from __future__ import annotations

import asyncio
import time

from mlctl.workflow.duration import seconds
from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.execute import Work
from mlctl.workflow.engine.node import Node, NodeKind, Outputs, Phase
from mlctl.workflow.engine.session import Session
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.tags import fill, fill_text


async def run_suspend(work: Work, session: Session) -> Node:
    """Wait; without a duration and without `--yes` the run stops here, once nothing else is left to do."""
    place, recorder = work.place, session.recorder
    node = recorder.open(place.name, place.display, NodeKind.SUSPEND, work.template.name, place.parent)
    if recorder.recall(node):
        return node
    try:
        duration = work.template.suspend_for
        if duration:
            session.busy += 1
            try:
                await asyncio.sleep(seconds(fill_text(duration, work.scope)))
            finally:
                session.busy -= 1
        else:
            await _person(node, session)
        node.outputs = _supplied(work, session, waited=bool(duration))
    except (NodeError, ExpressionError, ValueError) as error:
        return recorder.close(node, Phase.ERROR, str(error))
    return recorder.close(node, Phase.SUCCEEDED)


async def _person(node: Node, session: Session) -> None:
    if session.options.approve:
        return
    node.started = time.time()
    if session.options.ask is not None:
        session.busy += 1
        try:
            if await session.options.ask(node.display):
                return
        finally:
            session.busy -= 1
    session.suspended.append(node)
    await asyncio.Event().wait()


def _supplied(work: Work, session: Session, *, waited: bool) -> Outputs:
    outputs = Outputs()
    for name, parameter in work.template.outputs.parameters.items():
        source = parameter.value_from
        value = session.options.supplied.get(name)
        if value is None and source is not None:
            value = fill(source.default, work.scope)
        if value is None and parameter.value is not None:
            value = fill(parameter.value, work.scope)
        if value is None:
            how = "its time ran out" if waited else "nothing was given"
            raise NodeError(f"output `{name}` has no value: {how}; give one with --supply {name}=VALUE")
        outputs.parameters[name] = value
    return outputs
