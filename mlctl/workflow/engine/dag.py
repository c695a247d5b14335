"""A DAG template: each task as soon as what it waits for has ended."""

from __future__ import annotations

import asyncio

from mlctl.workflow.depends import Depends, satisfied, tasks_in
from mlctl.workflow.engine.calls import Boundary, continues, run_group
from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.execute import Work
from mlctl.workflow.engine.node import Node, NodeKind, Phase, results_of, variables_of
from mlctl.workflow.engine.outputs import outputs_from_scope
from mlctl.workflow.engine.session import Session
from mlctl.workflow.engine.steps import boundary_of, step_variables
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.model.call import Call
from mlctl.workflow.tags import fill_text
from mlctl.workflow.validation.graph import condition_of


async def run_dag(work: Work, session: Session) -> Node:
    """Run the tasks the targets need; the DAG's phase is that of its targets' branches."""
    place, recorder = work.place, session.recorder
    node = recorder.open(place.name, place.display, NodeKind.DAG, work.template.name, place.parent)
    try:
        run = _DagRun(work, node, session)
    except (NodeError, ExpressionError) as error:
        return recorder.close(node, Phase.ERROR, str(error))
    await run.all()
    phase = run.phase()
    if phase is not Phase.SUCCEEDED:
        return recorder.close(node, phase, run.message())
    try:
        node.outputs = outputs_from_scope(work.template, run.scope)
    except (NodeError, ExpressionError) as error:
        return recorder.close(node, Phase.ERROR, str(error))
    return recorder.close(node, Phase.SUCCEEDED)


class _DagRun:
    """One walk over a DAG."""

    def __init__(self, work: Work, node: Node, session: Session) -> None:
        self._session, self._node = session, node
        self._boundary: Boundary = boundary_of(work, "tasks")
        self._tasks = {task.name: task for task in work.template.tasks}
        self._conditions = {name: condition_of(task, self._tasks) for name, task in self._tasks.items()}
        self._waits = {name: tasks_in(condition) for name, condition in self._conditions.items()}
        self._targets = self._find_targets(fill_text(work.template.target or "", work.scope))
        self._nodes: dict[str, Node] = {}
        self._branch: dict[str, Phase | None] = {}
        self._ended: dict[str, asyncio.Event] = {}
        self.scope = work.scope.inner()

    def _find_targets(self, target: str) -> list[str]:
        if target:
            if unknown := [name for name in target.split() if name not in self._tasks]:
                raise NodeError(f"target: there is no task `{unknown[0]}`; allowed: {', '.join(self._tasks)}")
            return target.split()
        waited_for = {name for waits in self._waits.values() for name in waits}
        return [name for name in self._tasks if name not in waited_for]

    async def all(self) -> None:
        """Run every task a target needs."""
        needed: dict[str, None] = {}
        stack = list(reversed(self._targets))
        while stack:
            name = stack.pop()
            if name not in needed:
                needed[name] = None
                stack.extend(self._waits[name])
        self._session.recorder.order(self._node, {name: sorted(self._waits[name]) for name in self._tasks if name in needed})
        self._ended = {name: asyncio.Event() for name in needed}
        await asyncio.gather(*(self._task(name) for name in self._tasks if name in needed))

    async def _task(self, name: str) -> None:
        for other in self._waits[name]:
            await self._ended[other].wait()
        try:
            if all(other in self._nodes for other in self._waits[name]):
                self._settle(name, await self._run(name, self._tasks[name], self._conditions[name]))
        finally:
            self._ended[name].set()

    async def _run(self, name: str, task: Call, condition: Depends | None) -> Node:
        full = f"{self._node.name}.{name}"
        if condition and not satisfied(condition, lambda other: results_of(self._nodes[other])):
            reason = "omitted: depends condition not met"
            return self._session.recorder.shut(full, name, Phase.OMITTED, reason, self._node)
        node, nodes = await run_group(task, self.scope, full, self._node, self._boundary, self._session)
        if task.loops and node.kind is NodeKind.TASK_GROUP:
            self.scope.update(variables_of(node, f"tasks.{name}"))
            self.scope.update(step_variables(task, nodes, self._boundary, self._session))
        else:
            self.scope.update(variables_of(node, f"tasks.{name}"))
        return node

    def _settle(self, name: str, node: Node) -> None:
        """Note how a task's branch stands: its own phase, or the worst before it where it did not run."""
        self._nodes[name] = node
        before = [phase for other in self._waits[name] if (phase := self._branch.get(other)) and phase.bad]
        inherited = before[0] if before else Phase.SUCCEEDED
        self._branch[name] = node.phase if node.phase.completed else inherited

    def _failed(self, name: str) -> bool:
        phase = self._branch.get(name)
        return phase is not None and phase.bad and not continues(self._tasks[name], phase)

    def phase(self) -> Phase:
        """The phase of the whole: bad if a target's branch is."""
        failed = [name for name in self._targets if self._failed(name)]
        return (self._branch[failed[0]] or Phase.FAILED) if failed else Phase.SUCCEEDED

    def message(self) -> str:
        """Which tasks made it fail."""
        return ", ".join(f"task '{name}' {str(node.phase).lower()}" for name, node in self._nodes.items() if node.phase.bad)
