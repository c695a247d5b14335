"""A fault at every write: a promotion, a rollback and an approval are killed, or meet a full disk, before each single change of a file."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from mlctl.errors import MlctlError
from mlctl.evidence.log import EvidenceLog
from mlctl.promotion.intent import Pins
from mlctl.promotion.move import approve, promote, rollback
from tests.mlctl.promotion.conftest import prove, who

Move = Callable[[Path], object]
MOVES: dict[str, tuple[Move, int | None, int | None]] = {
    "promotion": (lambda root: promote(root, "churn", "dev", who(2), version=2), 1, 2),
    "trial": (lambda root: promote(root, "churn", "dev", who(2), version=2, trial=True), None, 2),
    "rollback": (lambda root: rollback(root, "churn", "staging", who(2), reason="slow"), 2, 1),
}
"""Name → (move, the pin before, the pin after it); a trial is pinned as challenger."""

KILLED, FULL, DONE, REFUSED = "killed", "full", "done", "refused"
_CHANGES = ("os.rename", "os.remove", "os.truncate", "os.mkdir")


def is_change(event: str, arguments: tuple[object, ...], root: Path) -> bool:
    """Whether an audit event of the interpreter is about to change a file below the folder."""
    if event == "open":
        flags = arguments[2]
        writes = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        return writes and str(arguments[0]).startswith(str(root))
    return event in _CHANGES and str(arguments[0]).startswith(str(root))


def run(root: Path, move: Move, number: int, fault: str) -> str:
    """Do it in a process of its own, with a fault before the change of that number; how it ended."""
    child = os.fork()
    if child == 0:
        left = number

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if not is_change(event, arguments, root):
                return
            left -= 1
            if left == 0 and fault == KILLED:
                os.kill(os.getpid(), signal.SIGKILL)
            if left == 0:
                raise OSError(errno.ENOSPC, "No space left on device")

        sys.addaudithook(hook)
        try:
            move(root)
        except MlctlError:
            os._exit(3)
        except BaseException:
            traceback.print_exc()
            os._exit(9)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return KILLED
    code = os.WEXITSTATUS(status)
    assert code in (0, 3), "an error that is not ours reached the user"
    return DONE if code == 0 else REFUSED


def prepared(repo: Path) -> None:
    for version in (1, 2):
        prove(repo, version)
    staging = repo / "environments" / "staging.yaml"
    staging.write_text(staging.read_text().replace("approvers: 1", "approvers: 0").replace("soak_hours: 24", "soak_hours: 0"))
    for version in (1, 2):
        promote(repo, "churn", "dev", who(), version=version)
        promote(repo, "churn", "staging", who(1), version=version)
    rollback(repo, "churn", "dev", who(1), reason="to begin with")


def state(repo: Path) -> tuple[object, ...]:
    """(dev's version and challenger, staging's version, number of moves on record)."""
    pins, log = Pins(repo), EvidenceLog(repo / "evidence")
    assert log.verify() == []
    moves = [record for record in log.records("churn") if record.kind in ("promotion", "rollback", "canary")]
    dev, staging = pins.pin("dev", "churn"), pins.pin("staging", "churn")
    return dev.version, dev.challenger, staging.version, len(moves)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [KILLED, FULL])
@pytest.mark.parametrize("name", list(MOVES))
def test_nothing_is_half_done_and_the_next_run_says_what_became_of_it(repo: Path, tmp_path: Path, name: str, fault: str) -> None:
    prepared(repo)
    move = MOVES[name][0]
    before = state(repo)
    shutil.copytree(repo, tmp_path / "whole")
    assert run(tmp_path / "whole", move, -1, fault) == DONE
    after = state(tmp_path / "whole")
    assert after != before
    ended = []
    for number in range(1, 100):
        tree = tmp_path / f"tree-{number}"
        shutil.copytree(repo, tree)
        how = run(tree, move, number, fault)
        ended.append(how)
        with Pins(tree).locked() as mended:
            pass
        found = state(tree)
        assert found in (before, after), (number, how, mended)
        if how == DONE:
            assert found == after
        if how == REFUSED:
            assert found == before, "who is told that it failed finds everything as it was"
        if found == before:
            assert run(tree, move, -1, fault) == DONE, "and may simply repeat it"
            assert state(tree) == after
        shutil.rmtree(tree)
        if how == DONE and number > 5:
            break
    assert ended[-1] == DONE and len(ended) > 5, ended
    assert set(ended) >= ({KILLED} if fault == KILLED else {REFUSED})


@pytest.mark.slow
def test_an_approval_is_there_or_it_is_not(repo: Path, tmp_path: Path) -> None:
    prepared(repo)
    count = len(list(EvidenceLog(repo / "evidence").records("churn")))
    ended = []
    for number in range(1, 30):
        tree = tmp_path / f"tree-{number}"
        shutil.copytree(repo, tree)
        ended.append(run(tree, lambda root: approve(root, "churn", 2, who(3)), number, KILLED))
        log = EvidenceLog(tree / "evidence")
        approve(tree, "churn", 2, who(4))
        assert log.verify() == []
        assert len(list(log.records("churn"))) in (count + 1, count + 2)
        if ended[-1] == DONE:
            break
    assert ended[-1] == DONE and len(ended) > 2
