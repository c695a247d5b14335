"""Shares add up to what there is, keep their proportion, and never exceed what was asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.platform.fair_share import Share, fair_shares


@pytest.mark.parametrize(
    ("capacity", "quotas", "own"),
    [
        (1, [2, 1, 2], [1, 0, 0]),  # 0.4, 0.2, 0.4: the first of the two largest remainders
        (4, [4, 4], [2, 2]),
        (10, [1, 2], [1, 2]),  # enough for all
        (5, [4, 2, 2], [3, 1, 1]),  # 2.5, 1.25, 1.25
        (0, [3, 1], [0, 0]),
    ],
)
def test_by_hand(capacity: int, quotas: list[int], own: list[int]) -> None:
    assert fair_shares(capacity, quotas) == [Share(own=part, borrowed=quota - part) for part, quota in zip(own, quotas, strict=True)]


@given(capacity=st.integers(0, 500), quotas=st.lists(st.integers(0, 100), min_size=1, max_size=8))
def test_always(capacity: int, quotas: list[int]) -> None:
    shares = fair_shares(capacity, quotas)
    assert sum(share.own for share in shares) == min(capacity, sum(quotas))
    assert [share.own + share.borrowed for share in shares] == quotas
    assert all(share.own >= 0 and share.borrowed >= 0 for share in shares)
    if sum(quotas):
        assert all(abs(share.own - min(1, capacity / sum(quotas)) * quota) < 1 for share, quota in zip(shares, quotas, strict=True))
