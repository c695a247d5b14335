"""Keeps what a process writes, and passes it on line by line."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

_LONGEST_LINE = 256 * 1024
"""Bytes; a line that goes on after them is shown as several."""

LineSink = Callable[[str, str], None]
"""Called with `stdout` or `stderr` and one line."""


class KeptStream:
    """Reads one pipe on the event loop until it ends."""

    def __init__(self, name: str, file: Path, on_line: LineSink) -> None:
        self._name = name
        self._on_line = on_line
        self._kept = file.open("wb", buffering=0)
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._loop.add_reader(self._read_end, self._ready)

    def close_write_end(self) -> None:
        """Called once the process has its copy."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def stop(self) -> None:
        """Read no more, even if something still holds the other end."""
        if not self.ended.done():
            self._stop(None)

    def _ready(self) -> None:
        try:
            data = os.read(self._read_end, 65536)
            if data:
                self._keep(data)
                return
        except BlockingIOError:
            return
        except OSError as error:
            self._stop(error)
            return
        self._stop(None)

    def _keep(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._kept.write(view) :]
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._on_line(self._name, line.decode("utf-8", "replace"))

    def _stop(self, error: OSError | None) -> None:
        self._loop.remove_reader(self._read_end)
        os.close(self._read_end)
        self._kept.close()
        if self._rest:
            self._on_line(self._name, self._rest.decode("utf-8", "replace"))
        if not self.ended.done():
            if error:
                self.ended.set_exception(error)
            else:
                self.ended.set_result(None)
