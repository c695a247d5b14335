"""The warm process: imports Hera's runner once, then forks one process per step.

Requests come over the socket named by the first argument: four bytes of length, with the step's two streams attached, then JSON.
Further arguments name modules that are imported first, so that the steps find them imported.
Answers are lines of JSON: `{number, pid}` when a step starts, `{number, code, memory}` when it has ended.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import threading
import traceback
from typing import Any

import hera.workflows._runner.util  # noqa: F401 - the import this process exists for

from mlctl.workflow.process import hera_step
from mlctl.workflow.process.launch import exit_code
from mlctl.workflow.process.processes import die_with_parent, kill_group

_MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024


def serve(connection: socket.socket) -> None:
    """Start a step for every request until the other side is gone."""
    running: dict[int, int] = {}
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(connection, selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is connection:
                request = _receive(connection)
                if request is None:
                    return
                pid = _fork(connection, *request)
                running[pid] = request[0]["number"]
                _answer(connection, {"number": request[0]["number"], "pid": pid})
            else:
                os.read(wake_read, 4096)
        _reap(connection, running)


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    head, descriptors, _, _ = socket.recv_fds(connection, 4, 2)
    if not head:
        return None
    data = b""
    while len(data) < int.from_bytes(head, "big"):
        data += connection.recv(int.from_bytes(head, "big") - len(data))
    return json.loads(data), list(descriptors)


def _answer(connection: socket.socket, answer: dict[str, Any]) -> None:
    connection.sendall(json.dumps(answer).encode() + b"\n")


def _reap(connection: socket.socket, running: dict[int, int]) -> None:
    for pid in list(running):
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            kill_group(pid, signal.SIGKILL)
            memory = usage.ru_maxrss * _MEMORY_UNIT
            _answer(connection, {"number": running.pop(pid), "code": exit_code(status), "memory": memory})


def _fork(connection: socket.socket, request: dict[str, Any], descriptors: list[int]) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _become_step(connection, request, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _become_step(connection: socket.socket, request: dict[str, Any], descriptors: list[int]) -> None:
    code = 1
    try:
        os.setsid()
        die_with_parent()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        connection.close()
        for target, descriptor in enumerate(descriptors, start=1):
            os.dup2(descriptor, target)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        sys.argv = ["hera.workflows.runner", *request["argv"]]
        paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        sys.path[:0] = ["", *(path for path in paths if path)]
        code = _run_step()
    finally:
        os._exit(code)


def _run_step() -> int:
    """The step's exit code, after what Python does at the end of a process."""
    try:
        hera_step.main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    # Waits for threads as Python does at its end, after telling idle thread pools to end; as multiprocessing does in its children.
    shut_down: Any = vars(threading)["_shutdown"]
    shut_down()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return code & 0xFF


def prepare(modules: list[str]) -> None:
    """Import what the steps will want. What cannot be imported is left to the step, which says so."""
    for module in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


if __name__ == "__main__":
    prepare(sys.argv[2:])
    serve(socket.socket(fileno=int(sys.argv[1])))
