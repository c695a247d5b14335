"""Who holds a run."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlctl.errors import InputError, ServiceError
from mlctl.workflow.engine.run_folder import RunFolder


def in_a_process(work: Callable[[], None]) -> int:
    """Fork, do the work, wait for a signal."""
    pid = os.fork()
    if pid == 0:
        work()
        while True:
            signal.pause()
    return pid


def wait_for(file: Path) -> int:
    while not (file.exists() and file.read_text()):
        time.sleep(0.005)
    return int(file.read_text())


def test_another_process_is_named(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    pid = in_a_process(folder.lock)
    try:
        assert wait_for(tmp_path / "lock") == pid
        with pytest.raises(InputError, match=f"is running in process {pid}"):
            RunFolder(tmp_path).lock()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_child_that_outlives_its_killed_parent_does_not_hold_the_run(tmp_path: Path) -> None:
    """Between fork and exec a step has every open file of the run's process; killed there, the run could not be resumed."""
    child = tmp_path / "child"
    folder = RunFolder(tmp_path)

    def hold_and_fork() -> None:
        folder.lock()
        child.write_text(str(in_a_process(lambda: None)))

    pid = in_a_process(hold_and_fork)
    orphan = wait_for(child)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    try:
        RunFolder(tmp_path).lock()
        assert (tmp_path / "lock").read_text() == str(os.getpid())
    finally:
        os.kill(orphan, signal.SIGKILL)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match="the run cannot be kept: Not a directory; make room, or name another folder with --runs-dir"):
        RunFolder.create(tmp_path / "file" / "runs", "x")


def test_a_manifest_that_cannot_be_kept_leaves_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = RunFolder.create(tmp_path, "x")
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(ServiceError, match="the run cannot be kept: No space left on device"):
        folder.start([tmp_path / "m.yaml"], "main", {}, {})
    assert list(tmp_path.iterdir()) == []
