"""Plans the repository's own stacks for its environments."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mlctl.config.environment import Environment
from mlctl.config.program import FOLDER_VARIABLE
from mlctl.errors import InputError
from mlctl.plan.answers import answers_for
from mlctl.plan.model import Plan
from mlctl.plan.offline import LIMIT_SECONDS, Planner, Progress
from mlctl.plan.preload import preload
from mlctl.plan.program import Program, find_programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where things stand in a repository of this template."""

    root: Path
    environments: Path
    stacks: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Repository:
        """The repository around a folder (the working directory).

        Raises
        ------
        InputError
            There is none.
        """
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "stacks").is_dir() and (folder / "environments").is_dir():
                return cls(root=folder, environments=folder / "environments", stacks=folder / "stacks")
        raise InputError("no folders stacks/ and environments/ here or above", file=start, remedy="run inside the repository")


@cache
def import_sdks(repository: Repository) -> None:
    """Import what the repository's programs use, once; `plan_environments` does it where nobody has."""
    preload([repository.root / "infra", repository.stacks])


def plan_environments(
    repository: Repository,
    environments: Sequence[Environment],
    *,
    stacks: Iterable[str] = (),
    limit_seconds: float = LIMIT_SECONDS,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> list[Plan]:
    """Plan every stack (or the named ones, with those they read) of every environment, all in one pool of processes.

    Programs read the environment from `repository.environments`, which may be another folder than the one in the tree.
    """
    os.environ[FOLDER_VARIABLE] = str(repository.environments)
    programs = [program for environment in environments for program in find_programs(repository.stacks, environment.name)]
    _check_names(stacks, programs, repository.stacks)
    import_sdks(repository)
    planner = Planner(
        programs,
        answers={environment.name: answers_for(environment) for environment in environments},
        root=repository.root,
        limit_seconds=limit_seconds,
        jobs=jobs,
        progress=progress,
    )
    planned = planner.run()
    wanted = set(stacks)
    return [
        Plan(
            environment=environment.name,
            stacks=tuple(stack for stack in planned if stack.environment == environment.name and (not wanted or stack.name in wanted)),
        )
        for environment in environments
    ]


def _check_names(stacks: Iterable[str], programs: Sequence[Program], folder: Path) -> None:
    known = sorted({program.project for program in programs})
    for name in stacks:
        if name not in known:
            raise InputError(f"there is no stack {name!r}", file=folder, allowed=", ".join(known))
