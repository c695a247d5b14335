"""Counts what one version answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlctl.promotion.canary import BINS, Arm


@dataclass(slots=True)
class Count:
    """Figures of one version, as they grow."""

    requests: int = 0
    errors: int = 0
    slow: int = 0
    losses: int | None = None
    scores: list[int] = field(default_factory=lambda: [0] * BINS)
    groups: dict[str, tuple[int, int]] = field(default_factory=dict)

    def read(self, row: Any, groups: Sequence[str], favourable: str | None) -> None:
        """Count one answered row: a score from 0 to 1, or an object with `score` and `decision`.

        Parameters
        ----------
        groups
            `attribute: value` of whom it is about.
        favourable
            The decision that is good for whom it is about; the others are losses. None: decisions are not counted.
        """
        score = row.get("score") if isinstance(row, Mapping) else row
        if isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1:
            self.scores[min(BINS - 1, int(score * BINS))] += 1
        decision = row.get("decision") if isinstance(row, Mapping) else None
        if favourable is None or not isinstance(decision, str):
            return
        good = decision == favourable
        self.losses = (self.losses or 0) + (not good)
        for group in groups:
            favoured, decisions = self.groups.get(group, (0, 0))
            self.groups[group] = (favoured + good, decisions + 1)

    def arm(self) -> Arm:
        """The figures so far."""
        scores = tuple(self.scores) if any(self.scores) else ()
        return Arm(requests=self.requests, errors=self.errors, slow=self.slow, losses=self.losses, scores=scores, groups=dict(self.groups))
