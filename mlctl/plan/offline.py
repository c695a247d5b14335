"""Plans Pulumi programs without an engine, an account or a network: the programs run here, and what they register is the plan.

The SDKs are imported once; each program then runs in a forked child, as many at a time as there are cores. A child that reads another
stack's exports waits until that stack is planned, so the dependency order is found, not declared.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlctl.plan.answers import Answers
from mlctl.plan.model import StackError, StackPlan
from mlctl.plan.program import Program
from mlctl.plan.saved import stack_from_json

LIMIT_SECONDS = 120.0
"""How long one program may run, not counting the time it waits for other stacks."""

_GRACE_SECONDS = 5.0

Progress = Callable[[Program, str], None]
"""Called with a program and `started`, `planned` or `failed`."""

Key = tuple[str, str]
"""(project, stack)"""


@dataclass(slots=True)
class _Child:
    """One forked program."""

    program: Program
    pid: int
    connection: socket.socket
    buffer: bytearray = field(default_factory=bytearray)
    waits_for: Key | None = None
    deadline: float = 0.0
    left: float = 0.0
    """Seconds of running time that remain while it waits."""
    interrupted: bool = False

    @property
    def key(self) -> Key:
        return self.program.project, self.program.stack


class Planner:
    """Plans a set of programs that may refer to each other.

    Parameters
    ----------
    programs
        What to plan. Two of one project and stack are refused.
    answers
        What data sources answer, by stack name (environment).
    root
        Files below it are named relative to it.
    limit_seconds
        Running time of one program, seconds.
    jobs
        Programs that run at once; the number of cores where it is None.
    """

    def __init__(
        self,
        programs: Iterable[Program],
        *,
        answers: Mapping[str, Answers],
        root: Path,
        limit_seconds: float = LIMIT_SECONDS,
        jobs: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._waiting = list(programs)
        self._keys = [(program.project, program.stack) for program in self._waiting]
        self._answers = answers
        self._root = root
        self._limit = limit_seconds
        self._jobs = jobs or len(os.sched_getaffinity(0))
        self._progress = progress or (lambda _program, _event: None)
        self._selector = selectors.DefaultSelector()
        self._children: dict[Key, _Child] = {}
        self._done: dict[Key, StackPlan] = {}
        self._secret: dict[Key, tuple[str, ...]] = {}
        self._complete: set[Key] = set()

    def run(self) -> list[StackPlan]:
        """All plans, each after those it refers to."""
        try:
            while self._waiting or self._children:
                self._start_more()
                self._listen()
                self._enforce_limits()
                self._break_cycles()
        finally:
            self._stop_all()
        return _ordered(self._done, self._keys)

    # Starting.

    def _running(self) -> int:
        return sum(child.waits_for is None for child in self._children.values())

    def _start_more(self) -> None:
        while self._waiting and self._running() < self._jobs:
            wanted = {child.waits_for for child in self._children.values()}
            index = next((i for i, program in enumerate(self._waiting) if (program.project, program.stack) in wanted), 0)
            self._start(self._waiting.pop(index))

    def _start(self, program: Program) -> None:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            _become(program, self._answers.get(program.stack, Answers()), self._root, theirs, self._limit)
        theirs.close()
        child = _Child(program=program, pid=pid, connection=ours, deadline=time.monotonic() + self._limit)
        self._children[child.key] = child
        self._selector.register(ours, selectors.EVENT_READ, child)
        self._progress(program, "started")

    # Listening.

    def _listen(self) -> None:
        now = time.monotonic()
        deadlines = [child.deadline - now for child in self._children.values() if child.waits_for is None]
        for key, _ in self._selector.select(timeout=max(0.0, min([*deadlines, 1.0]))):
            child: _Child = key.data
            received = _received(child.connection)
            if not received:
                self._finish(child, _died(child))
                continue
            child.buffer += received
            while (end := child.buffer.find(b"\n")) >= 0:
                message = json.loads(child.buffer[:end])
                del child.buffer[: end + 1]
                self._handle(child, message)

    def _handle(self, child: _Child, message: Mapping[str, Any]) -> None:
        if "plan" in message:
            self._secret[child.key] = tuple(message["secret"])
            if message["complete"]:
                self._complete.add(child.key)
            self._finish(child, replace(stack_from_json(message["plan"]), seconds=message["seconds"]))
            return
        wanted = _reference_key(message["reference"], child.program)
        if wanted not in self._keys:
            known = ", ".join(f"organization/{project}/{stack}" for project, stack in self._keys)
            _send(child, {"error": f"there is no stack {message['reference']} to refer to", "remedy": f"stacks planned here: {known}"})
        elif wanted in self._done:
            self._reply(child, wanted)
        else:
            child.waits_for = wanted
            child.left = child.deadline - time.monotonic()

    def _reply(self, child: _Child, wanted: Key) -> None:
        """A program that raised may have exports to come; whoever reads them gets unknown values and is still planned."""
        exports = dict(self._done[wanted].exports) if wanted in self._complete else None
        _send(child, {"exports": exports, "secret": list(self._secret.get(wanted, ()))})

    def _finish(self, child: _Child, plan: StackPlan) -> None:
        if child.key in self._done:
            return
        self._selector.unregister(child.connection)
        child.connection.close()
        os.waitpid(child.pid, 0)
        del self._children[child.key]
        references = tuple(sorted({_reference_key(name, child.program)[0] for name in plan.references}))
        self._done[child.key] = replace(plan, references=references)
        self._progress(child.program, plan.status)
        for other in self._children.values():
            if other.waits_for == child.key:
                self._resume(other)
                self._reply(other, child.key)

    def _resume(self, child: _Child) -> None:
        child.waits_for = None
        child.deadline = time.monotonic() + child.left

    # Trouble.

    def _enforce_limits(self) -> None:
        now = time.monotonic()
        for child in list(self._children.values()):
            if child.waits_for is not None or now < child.deadline:
                continue
            if child.interrupted:
                os.kill(child.pid, signal.SIGKILL)
            else:
                os.kill(child.pid, signal.SIGUSR1)
                child.interrupted = True
            child.deadline = now + _GRACE_SECONDS

    def _break_cycles(self) -> None:
        if self._waiting or not self._children or self._running():
            return
        chain = _cycle({key: child.waits_for for key, child in self._children.items() if child.waits_for})
        names = " → ".join(project for project, _ in chain)
        child = self._children[chain[0]]
        self._resume(child)
        _send(child, {"error": f"stacks refer to each other in a circle: {names}", "remedy": "move what both need into a stack of its own"})

    def _stop_all(self) -> None:
        for child in self._children.values():
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
            child.connection.close()
        self._selector.close()


def _become(program: Program, answers: Answers, root: Path, connection: socket.socket, limit: float) -> None:
    """The forked child's life. It never returns."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        from mlctl.plan import child

        child.run(program, answers, root, connection, limit)
        status = 0
    finally:
        os._exit(status)


def _received(connection: socket.socket) -> bytes:
    """What came; nothing where the other end is gone, whether or not it had read all that was sent to it."""
    try:
        return connection.recv(1 << 20)
    except ConnectionResetError:
        return b""


def _send(child: _Child, message: Mapping[str, Any]) -> None:
    try:
        child.connection.sendall(json.dumps(message).encode() + b"\n")
    except BrokenPipeError:
        return  # it died; the closed socket says so next


def _died(child: _Child) -> StackPlan:
    """The child went away without a plan: killed from outside, out of memory, or stuck in native code past the limit."""
    problem = "the program did not stop at the time limit and was killed" if child.interrupted else "the program's process died"
    error = StackError(
        problem=problem, file=str(child.program.entry), remedy="run it alone: mlctl plan --program " + str(child.program.folder)
    )
    return StackPlan(name=child.program.project, environment=child.program.stack, errors=(error,), folder=str(child.program.folder))


def _reference_key(name: str, program: Program) -> Key:
    """`organization/project/stack`, `project/stack` or `stack`, as Pulumi reads it."""
    parts = name.split("/")
    return (parts[-2] if len(parts) > 1 else program.project), parts[-1]


def _cycle(waits: Mapping[Key, Key]) -> list[Key]:
    """A circle among who waits for whom, its first stack again at the end."""
    path = [min(waits)]
    while (following := waits[path[-1]]) not in path:
        path.append(following)
    return [*path[path.index(following) :], following]


def _ordered(done: Mapping[Key, StackPlan], keys: Sequence[Key]) -> list[StackPlan]:
    """Dependencies first; otherwise in the order that was asked for."""
    result: list[StackPlan] = []
    seen: set[Key] = set()

    def visit(key: Key) -> None:
        if key in seen or key not in done:
            return
        seen.add(key)
        for project in done[key].references:
            visit((project, key[1]))
        result.append(done[key])

    for key in keys:
        visit(key)
    return result
