"""Does several jobs at once, each in a process of its own that ends with this one."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import TypeVar

from mlctl.errors import ServiceError

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_processes(work: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterator[Result]:
    """What `work` makes of each job, in their order. When the caller stops early or is stopped, the processes are ended.

    Raises
    ------
    ServiceError
        A process was ended from outside. What `work` raises is raised here.
    """
    context = multiprocessing.get_context("fork")
    running = []
    try:
        for job in jobs:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_do, args=(theirs, work, job), daemon=True)
            process.start()
            theirs.close()
            running.append((process, ours))
        for process, ours in running:
            try:
                done, value = ours.recv()
            except EOFError:
                process.join()
                remedy = "is there enough memory? Read fewer or smaller files at once"
                raise ServiceError(f"a process that was reading ended with status {process.exitcode}", remedy=remedy) from None
            if not done:
                raise value
            yield value
    finally:
        for process, ours in running:
            process.terminate()
            process.join()
            ours.close()


def _do(answers: Connection, work: Callable[[Job], Result], job: Job) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the one that waits ends the others
    try:
        answers.send((True, work(job)))
    except Exception as error:  # raised again where the result is awaited
        answers.send((False, error))
