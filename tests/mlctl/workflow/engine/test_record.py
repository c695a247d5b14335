"""Names of nodes."""

from __future__ import annotations

import pytest

from mlctl.workflow.engine.record import fnv32a


@pytest.mark.parametrize(("text", "value"), [("", 2166136261), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)])
def test_fnv_is_the_published_one(text: str, value: int) -> None:
    assert fnv32a(text) == value
