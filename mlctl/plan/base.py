"""Plans the base of a pull request: the same environments, from the files of another commit.

The commit is laid out in a git worktree and planned by its own code, in a process of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlctl.errors import InputError, MlctlError
from mlctl.plan.engine import parse_json
from mlctl.plan.model import Plan
from mlctl.plan.saved import plans_from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the base plans to, or why it could not be planned."""

    ref: str
    plans: dict[str, Plan] = field(default_factory=dict)
    """By environment name; one that the base has not is missing."""
    problem: str | None = None


class BasePlanning:
    """A planning of the base that goes on while other work is done.

    Parameters
    ----------
    root
        The repository.
    ref
        Commit, branch or tag.
    option
        What the user calls it, for errors.

    Raises
    ------
    InputError
        git does not know the ref.
    """

    def __init__(self, root: Path, ref: str, *, option: str = "--base") -> None:
        self.ref = ref
        self._root = root
        self._commit = _commit(root, ref, option)
        self._folder = Path(tempfile.mkdtemp(prefix="mlctl-base-"))
        self._tree = self._folder / "tree"
        try:
            _git(root, "worktree", "add", "--detach", "--quiet", str(self._tree), self._commit)
            self._process = self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(self._tree), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("MLCTL_ENVIRONMENTS", None)
        output = (self._folder / "out").open("wb")
        errors = (self._folder / "err").open("wb")
        command = [sys.executable, "-c", "from mlctl.cli.main import main; main(['plan', '--format', 'json'])"]
        return subprocess.Popen(command, cwd=self._tree, env=environment, stdout=output, stderr=errors, stdin=subprocess.DEVNULL)

    def result(self) -> Base:
        """Wait for the base's plans. What went wrong there is told, never raised: the base is not what is judged."""
        status = self._process.wait()
        output = (self._folder / "out").read_text(encoding="utf-8", errors="replace")
        try:
            plans = plans_from_json(parse_json(output, self._folder / "out"), self.ref)
        except MlctlError:
            errors = (self._folder / "err").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            last = errors[-1] if errors else f"mlctl plan ended with status {status}"
            return Base(ref=self.ref, problem=f"the base could not be planned: {last}")
        failed = sorted(f"{plan.environment}/{stack.name}" for plan in plans for stack in plan.stacks if stack.errors)
        if failed:
            return Base(ref=self.ref, problem=f"these stacks fail in the base: {', '.join(failed)}")
        return Base(ref=self.ref, plans={plan.environment: plan for plan in plans})

    def close(self) -> None:
        """Stop it if it still runs, and remove the worktree."""
        process = getattr(self, "_process", None)
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        subprocess.run(["git", "-C", str(self._root), "worktree", "prune"], check=False, capture_output=True)

    def __enter__(self) -> BasePlanning:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def plan_base(root: Path, ref: str, names: Sequence[str] = (), *, option: str = "--base") -> Base:
    """Plan the base and wait for it; `names` keeps only those environments."""
    with BasePlanning(root, ref, option=option) as planning:
        base = planning.result()
    wanted = set(names) or set(base.plans)
    return Base(ref=ref, plans={name: plan for name, plan in base.plans.items() if name in wanted}, problem=base.problem)


def _commit(root: Path, ref: str, option: str) -> str:
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").strip()
    except subprocess.CalledProcessError:
        remedy = "look at `git log --oneline` and `git branch --all`; what only the server has is fetched by `git fetch origin`"
        raise InputError(f"git knows no commit {ref!r}", key=option, remedy=remedy) from None
    except FileNotFoundError:
        raise InputError("git is not installed", key=option, remedy=f"install git, or leave {option} out") from None


def _git(root: Path, *arguments: str) -> str:
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True).stdout
    except subprocess.CalledProcessError as error:
        if arguments[0] == "rev-parse":
            raise
        raise InputError(f"git {arguments[0]} failed: {error.stderr.strip()}", key="--base") from None
