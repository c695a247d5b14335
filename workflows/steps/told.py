"""Ends a step with a sentence and a status, not with a traceback, where the error is one we raise on purpose."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from hera.workflows.script import RunnerScriptConstructor

from ml.errors import MlError
from mlctl.errors import MlctlError

SCRATCH = "/scratch"
"""The one place a pod may write to besides its volumes; everything else of its file system is read-only."""

RUNNER = RunnerScriptConstructor(outputs_directory=f"{SCRATCH}/hera-outputs")

Given = ParamSpec("Given")
Made = TypeVar("Made")


def told(step: Callable[Given, Made]) -> Callable[Given, Made]:
    """Turn our own errors into a line on standard error and an exit status.

    1: a gate refused. 2: the input is wrong. 3: a service outside failed; the workflows try that again (see `pod.RETRY`).
    """

    @functools.wraps(step)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        try:
            return step(*args, **kwargs)
        except (MlError, MlctlError) as error:
            print(error, file=sys.stderr)
            sys.exit(error.exit_status)

    return run
