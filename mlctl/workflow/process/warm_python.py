"""Runs Hera steps from one Python process that has imported Hera already.

Importing Hera's runner takes longer than most steps. One process imports it once and then forks: every step still gets a process,
a process group and a folder of its own, and ends by itself; what it saves is the import. A step that sets a `PYTHON…`
variable, which only a new interpreter reads, gets a new interpreter.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mlctl.workflow.process.launch import Exit, Launch
from mlctl.workflow.process.processes import GRACE, Processes, die_with_parent, kill_group
from mlctl.workflow.process.streams import KeptStream, LineSink

RUNNER = "hera.workflows.runner"
_OWN_VARIABLES = ("PYTHONPATH", "PYTHONUNBUFFERED")


def is_hera(argv: Iterable[str]) -> bool:
    """Whether a command is a step of Hera's runner."""
    parts = list(argv)
    return len(parts) > 2 and parts[1] == "-m" and parts[2] == RUNNER


def hera_paths(env: Iterable[dict[str, Any]]) -> list[str]:
    """The folders Hera's runner uses without the manifest naming them."""
    named = [str(entry.get("value")) for entry in env if entry.get("name") == "hera__outputs_directory"]
    return ["/tmp/hera-inputs", *(named or ["/tmp/hera-outputs"])]  # noqa: S108


class WarmPython:
    """Starts Hera steps; the warm process is started with the first of them."""

    def __init__(self, processes: Processes, *, imports: tuple[str, ...] = (), project: Path | None = None) -> None:
        self._processes = processes
        self._imports = imports
        self._project = project
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._started: dict[int, asyncio.Future[int]] = {}
        self._ended: dict[int, asyncio.Future[Exit]] = {}
        self._number = 0
        self._rest = b""

    def close(self) -> None:
        """End the warm process."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def run(self, launch: Launch, on_line: LineSink) -> Exit:
        """Run one step, as `Processes.run` does."""
        module = ["-m", "mlctl.workflow.process.hera_step"]
        if launch.argv[0] != sys.executable or self._needs_own(launch):
            plain = Launch(**{**vars(launch), "argv": [launch.argv[0], *module, *launch.argv[3:]]})
            return await self._processes.run(plain, on_line)
        streams = [KeptStream("stdout", launch.stdout, on_line), KeptStream("stderr", launch.stderr, on_line)]
        try:
            number = self._send(launch, [stream.write_end for stream in streams])
        finally:
            for stream in streams:
                stream.close_write_end()
        return await self._wait(number, streams)

    def _needs_own(self, launch: Launch) -> bool:
        return any(
            name.startswith("PYTHON") and name not in _OWN_VARIABLES and launch.env[name] != os.environ.get(name) for name in launch.env
        )

    async def _wait(self, number: int, streams: list[KeptStream]) -> Exit:
        kept = asyncio.gather(*(stream.ended for stream in streams))
        ended = self._ended[number]
        try:
            while not ended.done() and not (kept.done() and kept.exception()):
                waited: list[asyncio.Future[Any]] = [ended] if kept.done() else [ended, kept]
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([kept], timeout=GRACE)
        except asyncio.CancelledError:
            await self._stop(number)
            raise
        finally:
            for stream in streams:
                stream.stop()
            if not ended.done() and self._started[number].done():
                kill_group(self._started[number].result(), signal.SIGKILL)
        await kept
        self._started.pop(number)
        self._ended.pop(number)
        return ended.result()

    async def _stop(self, number: int) -> None:
        pid = await self._started[number]
        kill_group(pid, signal.SIGTERM)
        done, _ = await asyncio.wait([self._ended[number]], timeout=GRACE)
        if not done:
            kill_group(pid, signal.SIGKILL)
            await asyncio.wait([self._ended[number]], timeout=GRACE)

    def _send(self, launch: Launch, descriptors: list[int]) -> int:
        if self._socket is None:
            self._start()
        assert self._socket is not None
        self._number += 1
        loop = asyncio.get_running_loop()
        self._started[self._number] = loop.create_future()
        self._ended[self._number] = loop.create_future()
        request = {"number": self._number, "argv": launch.argv[3:], "env": launch.env, "cwd": str(launch.cwd)}
        data = json.dumps(request).encode()
        self._socket.setblocking(True)
        socket.send_fds(self._socket, [len(data).to_bytes(4, "big")], descriptors)
        self._socket.sendall(data)
        self._socket.setblocking(False)
        return self._number

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "mlctl.workflow.process.warm_server", str(theirs.fileno()), *self._imports]
        tool = str(Path(__file__).resolve().parents[3])
        paths = [tool, str(self._project or ""), os.environ.get("PYTHONPATH", "")]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
        self._process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], env=env, start_new_session=True, preexec_fn=die_with_parent,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()
        ours.setblocking(False)
        self._socket = ours
        asyncio.get_running_loop().add_reader(ours, self._answered)

    def _answered(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return
        if not data:
            self._lost()
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            answer = json.loads(line)
            if "pid" in answer:
                self._started[answer["number"]].set_result(answer["pid"])
            else:
                result = Exit(code=answer["code"], peak_memory=answer["memory"])
                self._ended[answer["number"]].set_result(result)

    def _lost(self) -> None:
        """The warm process is gone, and the kernel has ended its steps with it."""
        assert self._socket is not None
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._socket = None
        for futures in (self._started, self._ended):
            for future in futures.values():
                if not future.done():
                    future.set_exception(OSError("the process that starts Hera steps was killed"))
