"""Lifecycle hooks: templates that are run when a step, or the workflow, reaches a state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from mlctl.workflow.catalog import Owner
from mlctl.workflow.engine.execute import Place, run_call
from mlctl.workflow.engine.node import Node, Phase, variables_of
from mlctl.workflow.engine.session import Session
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.evaluate import evaluate
from mlctl.workflow.expression.namespace import Roots
from mlctl.workflow.model.call import Call
from mlctl.workflow.scope import Scope
from mlctl.workflow.tags import fill_text


def hook_holds(hook: Call, scope: Scope) -> bool:
    """Whether a hook's expression is true; one without an expression always runs.

    Raises
    ------
    ExpressionError
        It cannot be evaluated, or is neither true nor false.
    """
    if not hook.expression:
        return True
    value = evaluate(fill_text(hook.expression, scope), Roots(scope))
    if not isinstance(value, bool):
        raise ExpressionError(f"the hook's expression `{hook.expression}` gives {value!r}, neither true nor false")
    return value


class Hooks:
    """The hooks of one call; each runs at most once."""

    def __init__(self, hooks: dict[str, Call], owner: Owner, place: Place, session: Session) -> None:
        self._waiting = {name: hook for name, hook in hooks.items() if name != "exit"}
        self._exit = hooks.get("exit")
        self._owner, self._place, self._session = owner, place, session
        self._running: list[asyncio.Task[Node]] = []

    def reached(self, scope: Scope, parent: Node | None) -> None:
        """Start every hook whose expression has become true."""
        for name, hook in list(self._waiting.items()):
            try:
                due = hook_holds(hook, scope)
            except ExpressionError as error:
                del self._waiting[name]
                self._session.recorder.shut(self._name(name), self._display(name), Phase.ERROR, str(error), parent)
                continue
            if due:
                del self._waiting[name]
                self._running.append(asyncio.ensure_future(self._run(hook, name, scope, parent)))

    async def finish(self, scope: Scope, parent: Node | None) -> Node | None:
        """Start what the final state calls for, wait for all hooks, then run `exit`; gives its node."""
        self.reached(scope, parent)
        if self._running:
            await asyncio.gather(*self._running)
        if self._exit is None:
            return None
        try:
            if not hook_holds(self._exit, scope):
                return None
        except ExpressionError as error:
            return self._session.recorder.shut(self._name("exit"), self._display("exit"), Phase.ERROR, str(error), parent)
        return await self._run(self._exit, "exit", scope, parent)

    def _name(self, name: str) -> str:
        return f"{self._place.name}.onExit" if name == "exit" else f"{self._place.name}.hooks.{name}"

    def _display(self, name: str) -> str:
        return f"{self._place.display}.onExit" if name == "exit" else f"{self._place.display}.hooks.{name}"

    async def _run(self, hook: Call, name: str, scope: Scope, parent: Node | None) -> Node:
        place = Place(name=self._name(name), display=self._display(name), parent=parent, boundary=self._place.boundary)
        return await run_call(hook, self._owner, scope, place, self._session)


async def run_with_hooks(
    call: Call,
    owner: Owner,
    scope: Scope,
    place: Place,
    session: Session,
    prefix: str,
    run: Callable[[], Awaitable[Node]],
) -> Node:
    """Run a call with its hooks; what a hook ends in does not change what the call ends in."""
    if not call.hooks:
        return await run()
    hooks = Hooks(call.hooks, owner, place, session)
    hooks.reached(scope.inner({f"{prefix}.status": str(Phase.RUNNING)}), place.parent)
    node = await run()
    after = scope.inner(variables_of(node, prefix))
    if node.phase.completed:
        await hooks.finish(after, place.parent)
    return node
