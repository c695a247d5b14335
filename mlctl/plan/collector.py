"""Python's collector of cyclic garbage, told to wait.

It walks every object there is each time many were made. Over a plan of 100,000 resources, which is all kept and has no cycles, that walk
was half of the time of judging and of pricing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """No collection within; as a decorator, within a call. Objects without cycles are freed as ever."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
