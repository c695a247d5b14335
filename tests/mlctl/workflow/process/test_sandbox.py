"""Which texts move, and which do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlctl.workflow.process.sandbox import Sandbox

STEP = Path("/runs/r/step")
ROOT = str(STEP / "root")
BOX = Sandbox(STEP, ["/tmp/in/data", "/tmp/in"], {"/mnt": Path("/runs/r/volumes/v")})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cat /tmp/in/data", f"cat {ROOT}/tmp/in/data"),
        ("cat '/tmp/in/data/x.csv'", f"cat '{ROOT}/tmp/in/data/x.csv'"),
        ("ls /tmp/in", f"ls {ROOT}/tmp/in"),
        ("ls /tmp/in.", f"ls {ROOT}/tmp/in."),
        ("ls /tmp/in.txt", "ls /tmp/in.txt"),
        ("ls /tmp/inner", "ls /tmp/inner"),
        ("ls /other/tmp/in", "ls /other/tmp/in"),
        ("ls /tmp/elsewhere", "ls /tmp/elsewhere"),
        ("cp /mnt/a /mnt/b", "cp /runs/r/volumes/v/a /runs/r/volumes/v/b"),
        ("path=/mnt,other=/tmp/in", f"path=/runs/r/volumes/v,other={ROOT}/tmp/in"),
    ],
)
def test_declared_paths_move_and_no_others(before: str, after: str) -> None:
    assert BOX.rewrite(before) == after
    assert BOX.restore(after) == before


def test_places() -> None:
    assert BOX.local("/tmp/in/data/x") == STEP / "root/tmp/in/data/x"
    assert BOX.local("/mnt/x") == Path("/runs/r/volumes/v/x")
    assert BOX.local("relative/x") == STEP / "root/relative/x"
