"""Divide what there is among those who may want more of it together than there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One party's part, in whole units."""

    own: int
    """Always its own."""
    borrowed: int
    """The most it may have besides, of what others leave idle."""


def fair_shares(capacity: int, quotas: Sequence[int]) -> list[Share]:
    """Divide `capacity` in proportion to the quotas; nobody's part exceeds its quota, and whole units are given by largest remainder.

    The first of equals comes first. What a quota allows beyond its part may be borrowed.
    """
    wanted = sum(quotas)
    if wanted <= capacity:
        return [Share(own=quota, borrowed=0) for quota in quotas]
    own = [capacity * quota // wanted for quota in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda place: -(capacity * quotas[place] % wanted))
    for place in by_remainder[: capacity - sum(own)]:
        own[place] += 1
    return [Share(own=part, borrowed=quota - part) for part, quota in zip(own, quotas, strict=True)]
