"""The collector waits, and is as it was afterwards."""

from __future__ import annotations

import gc

import pytest

from mlctl.plan.collector import collector_paused


@pytest.mark.parametrize("before", [True, False])
def test_the_collector_is_as_it_was(before: bool) -> None:
    was_on = gc.isenabled()
    try:
        (gc.enable if before else gc.disable)()
        with pytest.raises(KeyError), collector_paused():
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled() is before
    finally:
        (gc.enable if was_on else gc.disable)()


def test_a_decorated_call_may_be_made_twice() -> None:
    @collector_paused()
    def enabled() -> bool:
        return gc.isenabled()

    assert (enabled(), enabled()) == (False, False)
