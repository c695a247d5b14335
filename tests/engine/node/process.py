"""A container as a process of this machine."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.engine.node.api import Object

NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--propagation", "private")


def now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def may_isolate() -> bool:
    """Whether this machine lets us make namespaces and layers of file systems."""
    layers = "mkdir u w r && mount -t overlay -o lowerdir=/,upperdir=u,workdir=w none r"
    probe = f"d=$(mktemp -d) && mount -t tmpfs none $d && cd $d && {layers}"
    command = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", probe]
    return shutil.which("unshare") is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


@dataclass
class Container:
    """One container of a pod, and what became of it."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started: str = ""
    finished: str = ""
    exit_code: int | None = None
    said: Path | None = None
    """The file in which it may say why it ended."""
    message: str = ""

    def status(self) -> Object:
        state: Object = {"waiting": {"reason": "PodInitializing"}}
        if self.exit_code is not None:
            reason = "Completed" if self.exit_code == 0 else "Error"
            times = {"startedAt": self.started, "finishedAt": self.finished}
            state = {"terminated": {"exitCode": self.exit_code, "reason": reason, "message": self.message, **times}}
        elif self.process is not None:
            state = {"running": {"startedAt": self.started}}
        running = "running" in state
        return {"name": self.name, "image": "this-machine", "imageID": "", "ready": running, "restartCount": 0, "state": state}

    def look(self) -> bool:
        """Whether it has ended since it was last looked at."""
        if self.process is None or self.exit_code is not None or (code := self.process.poll()) is None:
            return False
        self.exit_code = 128 - code if code < 0 else code
        self.finished = now()
        if self.said is not None:
            self.message = self.said.read_text(errors="replace")[:4096]
        return True

    @property
    def first(self) -> int | None:
        """The container's process 1, which is the child of `unshare`, while it runs."""
        if self.process is None or self.process.poll() is not None:
            return None
        try:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        except FileNotFoundError:
            return None
        return int(children[0]) if children else None

    def send(self, number: int) -> None:
        """A signal to the container's process 1."""
        if number == signal.SIGKILL and self.process is not None:
            self.process.kill()
        elif (first := self.first) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(first, number)
