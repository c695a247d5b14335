"""Runs one Pulumi program in a process of its own and reports what it registered.

The process is forked from one that has the SDKs imported. It talks to its parent over a socket, one JSON value per line:
it asks for another stack's exports, and at the end it sends its plan.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import io
import json
import logging
import os
import runpy
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pulumi
from pulumi.runtime import set_all_config
from pulumi.runtime.mocks import set_mocks
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack

from mlctl.errors import MlctlError
from mlctl.plan.answers import Answers
from mlctl.plan.model import StackError, StackPlan
from mlctl.plan.monitor import Exports, RecordingMonitor
from mlctl.plan.program import Program
from mlctl.plan.saved import stack_to_json
from mlctl.plan.stack_trace import user_stack

ORGANIZATION = "organization"
"""The organization of Pulumi's self-managed backends."""


class TimeLimitError(BaseException):
    """Raised inside the program by the parent's signal. No `Exception`, so that the program cannot catch it by accident."""


class Channel:
    """The child's end of the socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._file = connection.makefile("rw", encoding="utf-8")
        self._one_at_a_time = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        self._file.write(json.dumps(message) + "\n")
        self._file.flush()

    def exports(self, reference: str) -> tuple[Exports | None, tuple[str, ...]]:
        """Ask the parent, and wait until the other stack is planned. Several threads may ask: each waits for its own answer."""
        with self._one_at_a_time:
            self.send({"reference": reference})
            answer = json.loads(self._file.readline() or '{"error": "the planner went away"}')
        if "error" in answer:
            raise MlctlError(answer["error"], remedy=answer.get("remedy"))
        return answer["exports"], tuple(answer["secret"])


def run(program: Program, answers: Answers, root: Path, connection: socket.socket, limit_seconds: float) -> None:
    """Run the program and send its plan. Never returns an exception to the caller: what goes wrong is in the plan."""
    faulthandler.dump_traceback_later(10 * limit_seconds, exit=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    signal.signal(signal.SIGUSR1, _time_is_up)
    gc.set_threshold(100_000, 50, 100)  # a short life: collecting less often saves a twentieth of it
    channel = Channel(connection)
    started = time.perf_counter()
    monitor = RecordingMonitor(program, answers, channel.exports, root)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        error = _execute(program, monitor, printed)
    recording = monitor.recording
    errors = [*recording.errors, *([error] if error else [])]
    plan = StackPlan(
        name=program.project,
        environment=program.stack,
        resources=tuple(sorted(recording.resources.values(), key=lambda resource: resource.urn)),
        exports=recording.exports,
        references=tuple(sorted(recording.references)),
        errors=tuple(sorted(errors, key=lambda item: (item.file or "", item.line or 0, item.problem))),
        messages=tuple(line for line in printed.getvalue().splitlines() if line.strip()),
        folder=str(program.folder.relative_to(root)) if program.folder.is_relative_to(root) else str(program.folder),
    )
    seconds = time.perf_counter() - started
    channel.send({"plan": stack_to_json(plan), "secret": list(recording.secret_exports), "complete": error is None, "seconds": seconds})


def _time_is_up(_: int, __: FrameType | None) -> None:
    raise TimeLimitError


def _execute(program: Program, monitor: RecordingMonitor, printed: io.StringIO) -> StackError | None:
    os.chdir(program.folder)
    sys.path[:0] = [str(program.entry.parent)]
    sys.argv = [str(program.entry)]
    set_all_config(dict(program.config), list(program.secret_keys))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    set_mocks(
        monitor.mocks,
        project=program.project,
        stack=program.stack,
        preview=True,
        logger=_logger(printed),
        monitor=monitor,
        organization=ORGANIZATION,
    )
    set_root_resource(None)  # type: ignore[arg-type]
    pulumi.runtime.resource._get_stack_trace = user_stack
    try:
        with _checked_references(monitor):
            loop.run_until_complete(run_in_stack(lambda: _run_module(program)))
    except BaseException as error:
        return _explain(error, program, monitor)
    return None


def _run_module(program: Program) -> None:
    runpy.run_path(str(program.entry), run_name="__main__")


def _logger(printed: io.StringIO) -> logging.Logger:
    logger = logging.Logger("program", logging.INFO)
    handler = logging.StreamHandler(printed)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logger.addHandler(handler)
    return logger


@contextlib.contextmanager
def _checked_references(monitor: RecordingMonitor) -> Iterator[None]:
    """`get_output` of a name that is not exported gives None in Pulumi, silently. Here it is an error at the line that asked."""
    originals = {name: getattr(pulumi.StackReference, name) for name in ("get_output", "require_output")}

    def checked(method: str) -> Any:
        def ask(self: pulumi.StackReference, name: Any) -> Any:
            frame = sys._getframe(1)
            position = _relative(Path(frame.f_code.co_filename), monitor.root), frame.f_lineno
            reference = self._name

            def check(values: list[Any]) -> None:
                wanted, outputs = values
                if wanted not in outputs:
                    monitor.recording.errors.append(_no_such_export(reference, wanted, outputs, position))

            if isinstance(name, str):
                pulumi.Output.all(name, self.outputs).apply(check)
            return originals["get_output"](self, name)

        return ask

    for method in originals:
        setattr(pulumi.StackReference, method, checked(method))
    try:
        yield
    finally:
        for method, original in originals.items():
            setattr(pulumi.StackReference, method, original)


def _no_such_export(reference: str, wanted: str, outputs: Exports, position: tuple[str, int]) -> StackError:
    return StackError(
        problem=f"stack {reference} exports no {wanted!r}",
        file=position[0],
        line=position[1],
        allowed=", ".join(sorted(outputs)) or "it exports nothing",
        remedy="correct the name, or export it there",
    )


def _explain(error: BaseException, program: Program, monitor: RecordingMonitor) -> StackError:
    """What the user sees of an exception in the program: the last line of theirs, and their traceback without our frames."""
    cause = error.__cause__ if isinstance(error.__cause__, BaseException) and not isinstance(error, MlctlError) else None
    frames = [
        frame
        for item in (error, cause)
        if item
        for frame in traceback.extract_tb(item.__traceback__)
        if _is_theirs(frame, program, monitor.root)
    ]
    file, line = (
        (_relative(Path(frames[-1].filename), monitor.root), frames[-1].lineno)
        if frames
        else (_relative(program.entry, monitor.root), None)
    )
    if isinstance(error, SyntaxError) and error.filename:
        file, line = _relative(Path(error.filename), monitor.root), error.lineno
    text = "".join(traceback.format_list(frames)) + "".join(traceback.format_exception_only(error))
    if isinstance(error, MlctlError):
        return StackError(
            problem=error.problem,
            file=error.file or file,
            line=error.line or line,
            key=error.key,
            allowed=error.allowed,
            remedy=error.remedy,
        )
    if isinstance(error, TimeLimitError):
        problem, remedy = "the program ran into the time limit", "look for a loop or a wait at this line, or raise --limit"
    elif isinstance(error, SystemExit):
        problem, remedy = f"the program called sys.exit({error.code!r})", "raise an exception instead, or return"
    else:
        problem, remedy = f"the program raised {type(error).__name__}: {error}", None
    return StackError(problem=problem, file=file, line=line, remedy=remedy, traceback=text)


def _is_theirs(frame: traceback.FrameSummary, program: Program, root: Path) -> bool:
    path = Path(frame.filename)
    ours = Path(__file__).parent.parent
    if "site-packages" in path.parts or path.is_relative_to(ours):
        return False
    return path.is_relative_to(root) or path.is_relative_to(program.folder)


def _relative(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
