"""Mutexes and semaphores between all runs of one person on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO

from mlctl.workflow.model.template import Lock

_LOOK_AGAIN = 0.05


def default_lock_folder() -> Path:
    """One folder for this user, whatever folder a run is started in."""
    return Path(tempfile.gettempdir()) / f"mlctl-locks-{os.getuid()}"


class Locks:
    """Takes locks as files; the kernel gives them back when a runner dies."""

    def __init__(self, folder: Path, limit_of: Callable[[str, str], str | None], waiting: Callable[[str], None]) -> None:
        self._folder = folder
        self._limit_of = limit_of
        self._waiting = waiting
        self.busy = 0

    @contextlib.asynccontextmanager
    async def hold(self, locks: tuple[Lock, ...], who: str) -> AsyncIterator[None]:
        """Hold every lock, taken in order of name."""
        held: list[IO[bytes]] = []
        try:
            for lock in locks:
                file = await self._take(lock, who)
                held.append(file)
            yield
        finally:
            for file in held:
                file.close()

    async def _take(self, lock: Lock, who: str) -> IO[bytes]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        limit = int(self._limit_of(*lock.limit_ref) or 1) if lock.limit_ref else 1
        kind = "semaphore" if lock.limit_ref else "mutex"
        stem = hashlib.sha256(f"{kind}:{lock.name}".encode()).hexdigest()[:32]
        places = [self._folder / f"{stem}.{place}" for place in range(limit)]
        if file := _first_free(places):
            return file
        self._waiting(f"{who} waits for the {kind} `{lock.name}`")
        self.busy += 1
        try:
            while not (file := _first_free(places)):
                await asyncio.sleep(_LOOK_AGAIN)
        finally:
            self.busy -= 1
        return file


def _first_free(places: list[Path]) -> IO[bytes] | None:
    return next((file for place in places if (file := _try_lock(place))), None)


def _try_lock(path: Path) -> IO[bytes] | None:
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
