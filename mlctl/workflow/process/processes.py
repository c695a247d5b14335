"""Starts processes, waits for them, and never leaves one behind."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from mlctl.workflow.process.launch import Exit, Launch, exit_code
from mlctl.workflow.process.streams import KeptStream, LineSink

GRACE = 5.0
"""Seconds between asking a step to stop and killing it."""

_A_MOMENT = 0.1
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024


def die_with_parent() -> None:
    """Have the kernel end this process when the one that started it ends (Linux)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Processes:
    """The processes of a run; all of it happens on the event loop's thread, which outlives them."""

    def __init__(self) -> None:
        self._exits: dict[int, asyncio.Future[Exit]] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_signal_handler(signal.SIGCHLD, self._reap)

    def close(self) -> None:
        """Stop listening for ended processes."""
        self._loop.remove_signal_handler(signal.SIGCHLD)

    async def run(self, launch: Launch, on_line: LineSink) -> Exit:
        """Start one process in its own group, and wait until it and everything it started has ended.

        Cancelling this asks the process to stop, and kills it after a grace period.

        Raises
        ------
        OSError
            The command cannot be started, or what it writes cannot be kept.
        """
        streams = [KeptStream("stdout", launch.stdout, on_line), KeptStream("stderr", launch.stderr, on_line)]
        try:
            pid = self._start(launch, streams[0].write_end, streams[1].write_end)
        finally:
            for stream in streams:
                stream.close_write_end()
        ended = self._exits[pid]
        kept = asyncio.gather(*(stream.ended for stream in streams))
        try:
            while not ended.done() and not (kept.done() and kept.exception()):
                waited: list[asyncio.Future[Any]] = [ended] if kept.done() else [ended, kept]
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([kept], timeout=_A_MOMENT)
            if not kept.done():  # something that left the process group still holds the streams
                kill_marked("TMPDIR", launch.env.get("TMPDIR", ""))
                await asyncio.wait([kept], timeout=GRACE)
        except asyncio.CancelledError:
            await self._stop(pid, ended)
            raise
        finally:
            for stream in streams:
                stream.stop()
            if not ended.done():
                kill_group(pid, signal.SIGKILL)
        await kept
        return await ended

    def _start(self, launch: Launch, stdout: int, stderr: int) -> int:
        process = subprocess.Popen(
            launch.argv,
            cwd=launch.cwd,
            env=launch.env,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=die_with_parent if _libc is not None else None,
        )
        process.returncode = 0  # it is reaped here, with its resource usage, not by Popen
        self._exits[process.pid] = self._loop.create_future()
        return process.pid

    def _reap(self) -> None:
        for pid in [pid for pid, future in self._exits.items() if not future.done()]:
            try:
                done, status, usage = os.wait4(pid, os.WNOHANG)
            except ChildProcessError:
                continue
            if done:
                kill_group(pid, signal.SIGKILL)
                future = self._exits.pop(pid)
                if not future.done():
                    memory = usage.ru_maxrss * _MEMORY_UNIT
                    future.set_result(Exit(code=exit_code(status), peak_memory=memory))

    async def _stop(self, pid: int, ended: asyncio.Future[Exit]) -> None:
        kill_group(pid, signal.SIGTERM)
        done, _ = await asyncio.wait([ended], timeout=GRACE)
        if not done:
            kill_group(pid, signal.SIGKILL)
            await asyncio.wait([ended], timeout=GRACE)


def kill_group(pid: int, number: signal.Signals) -> None:
    """Signal a process group that may be gone."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def kill_leftovers(run: Path) -> int:
    """End every process that steps of this run left behind; how many there were (Linux only)."""
    return kill_marked("MLCTL_RUN", str(run))


def kill_marked(variable: str, value: str) -> int:
    """End every process that has this environment variable; how many there were (Linux only)."""
    mark = f"{variable}={value}".encode()
    found = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != os.getpid():
                os.kill(int(folder.name), signal.SIGKILL)
                found += 1
        except OSError:
            continue
    return found
