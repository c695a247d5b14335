"""A disk or memory that is full, a place that cannot be written: one clear error, and the step can be run again.

Every step writes the file that says it is complete last, so a step that ends here leaves nothing that looks finished.
"""

from __future__ import annotations

import errno
import functools
import sqlite3
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ml.errors import InputError, MlError, ServiceError

Given = ParamSpec("Given")
Made = TypeVar("Made")
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
REMEDY = "free some space and run the step again"


def writes(step: Callable[Given, Made]) -> Callable[Given, Made]:
    """Turn what the operating system says about a disk into one of our errors.

    A full or failing disk is a ServiceError, so that it is tried again; a place that cannot be written is an InputError.
    """

    @functools.wraps(step)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        try:
            return step(*args, **kwargs)
        except MlError:
            raise
        except OSError as error:
            raise _told(error) from error
        except MemoryError as error:
            raise ServiceError("there is not enough memory", remedy="give the step more memory and run it again") from error
        except sqlite3.OperationalError as error:
            raise ServiceError(f"SQLite cannot write: {error}", remedy=REMEDY) from error

    return run


def _told(error: OSError) -> MlError:
    words = error.strerror or str(error).splitlines()[0]
    file = error.filename if isinstance(error.filename, str) else None
    if error.errno in FULL or "Errno 28" in str(error) or "Errno 27" in str(error):
        return ServiceError(f"the disk is full or failing: {words}", file=file, remedy=REMEDY)
    return InputError(f"cannot be used: {words}", file=file, remedy="give a folder that can be read and written")
