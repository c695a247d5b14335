"""Runs one template, whatever its kind, for one call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from mlctl.workflow.catalog import Found, Owner
from mlctl.workflow.engine.bind import Inputs, bind
from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.node import Node, NodeKind, Phase
from mlctl.workflow.engine.session import Session
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.model.call import Arguments, Call
from mlctl.workflow.model.template import Template, locks_of
from mlctl.workflow.scope import Scope
from mlctl.workflow.tags import fill

_FILLED_FIRST = ("synchronization", "memoize", "timeout", "activeDeadlineSeconds", "parallelism")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in the picture a call is drawn."""

    name: str
    display: str
    parent: Node | None
    boundary: str
    """The name of the steps or dag node the call belongs to."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """A template about to run: what it is, whose it is, and what it can see."""

    template: Template
    owner: Owner
    scope: Scope
    place: Place
    in_retry: bool = False


Runner = Callable[[Work, Session], Awaitable[Node]]


def runners() -> dict[str, Runner]:
    """How each kind of template is run."""
    from mlctl.workflow.engine.dag import run_dag
    from mlctl.workflow.engine.pod import run_pod
    from mlctl.workflow.engine.steps import run_steps
    from mlctl.workflow.engine.suspend import run_suspend

    return {
        "container": run_pod, "script": run_pod, "dag": run_dag, "steps": run_steps, "suspend": run_suspend,
    }  # fmt: skip


async def run_call(call: Call, owner: Owner, scope: Scope, place: Place, session: Session) -> Node:
    """Run the template a call names; anything wrong with the call becomes a node in `Error`."""
    try:
        found = session.catalog.resolve(_named(call, scope), owner, ())
        inputs = bind(Arguments.read(found.raw.get("inputs")), call.arguments, scope, session)
        return await run_found(found, inputs, place, session)
    except (NodeError, ExpressionError, ValueError) as error:
        return session.recorder.shut(place.name, place.display, Phase.ERROR, str(error), place.parent)


def _named(call: Call, scope: Scope) -> Call:
    from dataclasses import replace

    return replace(call, template=fill(call.template, scope)) if "{{" in (call.template or "") else call


async def run_found(found: Found, inputs: Inputs, place: Place, session: Session) -> Node:
    """Run a template with its inputs: from memory if it remembers, under its locks, again if it retries."""
    from mlctl.workflow.engine.memo import remember, remembered
    from mlctl.workflow.engine.retry import run_retrying

    scope = session.globals.inner({**inputs, "node.name": place.name})
    early = {key: fill(found.raw[key], scope) for key in _FILLED_FIRST if found.raw.get(key) is not None}
    raw: dict[str, Any] = {**found.raw, **early}
    if isinstance(raw.get("retryStrategy"), dict):
        strategy = raw["retryStrategy"]
        kept = {"expression": strategy["expression"]} if "expression" in strategy else {}
        raw["retryStrategy"] = {**fill({k: v for k, v in strategy.items() if k != "expression"}, scope), **kept}
    template = Template.read(raw)
    work = Work(template=template, owner=found.owner, scope=scope, place=place)
    if template.memo and (node := remembered(work, session)) is not None:
        return node
    async with session.locks.hold(locks_of(raw.get("synchronization")), place.display):
        node = await (run_retrying(work, session) if template.retry else runners()[template.kind](work, session))
    publish_globals(node, template, session)
    if template.memo and node.phase is Phase.SUCCEEDED:
        remember(node, template.memo, session)
    return node


def publish_globals(node: Node, template: Template, session: Session) -> None:
    """Make outputs with a `globalName` known to the whole workflow."""
    for name, parameter in template.outputs.parameters.items():
        if parameter.global_name and name in node.outputs.parameters:
            value = node.outputs.parameters[name]
            session.globals.set(f"workflow.outputs.parameters.{parameter.global_name}", value)
    for name, artifact in template.outputs.artifacts.items():
        if artifact.global_name and name in node.outputs.artifacts:
            session.globals.set(f"workflow.outputs.artifacts.{artifact.global_name}", node.outputs.artifacts[name])


KIND_OF = {
    "container": NodeKind.POD,
    "script": NodeKind.POD,
    "dag": NodeKind.DAG,
    "steps": NodeKind.STEPS,
    "suspend": NodeKind.SUSPEND,
}
