"""How a Pulumi program finds its environment: the stack's name is the name of a file in environments/."""

from __future__ import annotations

import os
from pathlib import Path

from mlctl.config.environment import Environment
from mlctl.config.load import load_environment
from mlctl.errors import InputError

FOLDER_VARIABLE = "MLCTL_ENVIRONMENTS"
"""Names another folder than environments/: the planner sets it to plan a variant."""


def program_environment(stack: str, start: Path | None = None) -> Environment:
    """The environment of the Pulumi stack `stack`.

    Looks in the folder that `MLCTL_ENVIRONMENTS` names, else for `environments/` in `start` (the working directory) and above it.

    Raises
    ------
    InputError
        There is no such folder or file, or the file is wrong.
    """
    return load_environment(environments_folder(start) / f"{stack}.yaml")


def promoted_to(environment: Environment, start: Path | None = None) -> list[Environment]:
    """The environments whose `promotion.from_environment` is this one, by name."""
    folder = environments_folder(start)
    others = [load_environment(path) for path in sorted(folder.glob("*.yaml")) if path.stem != environment.name]
    return [other for other in others if other.promotion.from_environment == environment.name]


def environments_folder(start: Path | None = None) -> Path:
    """The folder of environment files that belongs to `start`."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "environments").is_dir():
            return folder / "environments"
    raise InputError("no folder environments/ here or above", file=start, remedy="run inside the repository")
