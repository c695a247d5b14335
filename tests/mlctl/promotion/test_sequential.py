"""The sequential test: its arithmetic by hand, and what it promises by simulation."""

from __future__ import annotations

import math
import random

import pytest

from mlctl.promotion.sequential import RATIOS, Events, evidence


def test_one_event_of_the_challenger_by_hand() -> None:
    # one ratio: 100 of tolerance 99, so RATIOS above it is (100,): θ(100) = 10/(10+.9), θ(99) = 9.9/(9.9+.9)
    wanted = (10 / 10.9) / (9.9 / 10.8)
    assert evidence([Events(share=0.1, challenger=1, champion=0)], 99) == pytest.approx(wanted)


def test_evidence_is_the_mean_of_likelihood_ratios() -> None:
    def theta(ratio: float, share: float) -> float:
        return ratio * share / (ratio * share + 1 - share)

    steps = [Events(share=0.1, challenger=3, champion=2), Events(share=0.5, challenger=4, champion=1)]
    by_hand = 0.0
    for ratio in RATIOS:
        value = 1.0
        for step in steps:
            one, null = theta(ratio, step.share), theta(1.0, step.share)
            value *= (one / null) ** step.challenger * ((1 - one) / (1 - null)) ** step.champion
        by_hand += value / len(RATIOS)
    assert evidence(steps, 1.0) == pytest.approx(by_hand)


def test_nothing_is_learnt_without_a_champion_or_events() -> None:
    assert evidence([Events(share=1.0, challenger=500, champion=0)], 1.25) == 1.0
    assert evidence([], 1.25) == 1.0
    assert math.isfinite(evidence([Events(share=0.1, challenger=100_000, champion=0)], 1.25))


def test_looking_after_every_event_still_refuses_at_most_one_in_a_hundred_equal_challengers() -> None:
    """The whole point of the test: 1,000 canaries of equal arms, looked at after each of 300 events."""
    generator = random.Random(5)
    refused = 0
    for _ in range(1000):
        ours = theirs = 0
        for _ in range(300):
            if generator.random() < 0.1:
                ours += 1
            else:
                theirs += 1
            if evidence([Events(share=0.1, challenger=ours, champion=theirs)], 1.0) >= 100:
                refused += 1
                break
    assert refused <= 10
