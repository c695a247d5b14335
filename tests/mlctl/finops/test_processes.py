"""Jobs in processes: results in order, errors as they are, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mlctl.errors import InputError, ServiceError
from mlctl.finops.read.processes import in_processes


def test_results_come_in_the_order_of_the_jobs() -> None:
    def slow_first(job: int) -> tuple[int, int]:
        time.sleep(0.2 if job == 1 else 0)
        return job * 10, os.getpid()

    found = list(in_processes(slow_first, [1, 2, 3]))
    assert [value for value, _ in found] == [10, 20, 30]
    assert len({pid for _, pid in found} | {os.getpid()}) == 4


def test_an_error_is_raised_as_it_was() -> None:
    def fails(job: int) -> int:
        if job == 2:
            raise InputError("is wrong", file="b.csv", line=7)
        return job

    with pytest.raises(InputError, match=r"b.csv:7: is wrong"):
        list(in_processes(fails, [1, 2, 3]))


def test_a_process_that_is_killed_is_no_wait_without_end() -> None:
    def killed(job: int) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return job

    with pytest.raises(ServiceError, match="ended with status -9; is there enough memory"):
        list(in_processes(killed, [1, 2]))


def _alive(pids: list[int]) -> Iterator[int]:
    for pid in pids:
        if Path(f"/proc/{pid}").exists():
            yield pid


def test_who_stops_early_leaves_no_process() -> None:
    reading, writing = os.pipe()

    def waits(job: int) -> int:
        os.write(writing, f"{os.getpid()}\n".encode())
        if job:
            time.sleep(600)
        return job

    results = in_processes(waits, [0, 1])
    assert next(results) == 0
    with os.fdopen(reading) as stream:
        pids = [int(stream.readline()) for _ in range(2)]
        results.close()  # type: ignore[attr-defined]
    os.close(writing)
    assert list(_alive(pids)) == []


PROGRAM = """
import os, time
from mlctl.finops.read.processes import in_processes
def waits(job):
    os.write(1, b"reading\\n")
    time.sleep(600)
try:
    list(in_processes(waits, [1, 2]))
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_ctrl_c_ends_all_of_them_without_a_trace() -> None:
    """As a terminal does it: the signal goes to the whole group."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    try:
        assert [process.stdout.readline() for _ in range(2)] == [b"reading\n", b"reading\n"]
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate(timeout=60) == (b"stopped\n", b"")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
