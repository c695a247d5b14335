"""Where a program registers a resource, as the SDK would tell the engine, at a tenth of the cost.

The SDK reads the source text of every frame on the stack at each registration, which is an eighth of a plan's time. The planner needs
file and line only. Like the SDK's, the trace begins below the constructors of the resource's classes; unlike it, at the first frame that
is not in an installed package, so that `Vpc.get(…)` or a component of a library points at the line of the user who called it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

from pulumi.runtime.proto import source_pb2

_CONSTRUCTORS = 3
"""Resource, CustomResource or ComponentResource, and the concrete class."""


def user_stack() -> source_pb2.StackTrace:
    """The frames of the caller's program, innermost first; here one is enough."""
    frame = _first_user_frame(sys._getframe(1))
    if frame is None:
        return source_pb2.StackTrace()
    position = source_pb2.SourcePosition(uri=Path(frame.f_code.co_filename).absolute().as_uri(), line=frame.f_lineno)
    return source_pb2.StackTrace(frames=[source_pb2.StackFrame(pc=position)])


def _first_user_frame(frame: FrameType | None) -> FrameType | None:
    constructors = 0
    while frame is not None and constructors < _CONSTRUCTORS:
        constructors += frame.f_code.co_name == "__init__"
        frame = frame.f_back
    while frame is not None and "site-packages" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame
