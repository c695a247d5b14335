"""The canary's decisions, the limits they go by, and how a run ends."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from mlctl.config.gates import Promotion
from mlctl.errors import ServiceError
from mlctl.promotion.canary import BINS, Arm, Limits, Step, decide, psi
from mlctl.promotion.canary_limits import limits_of
from mlctl.promotion.canary_run import run_canary
from tests.mlctl.promotion.conftest import REGULATED

SHARES = (10, 50, 100)


def test_psi_by_hand() -> None:
    assert psi([10, 10], [10, 10]) == 0
    # shares with half a row added: (10.5/21, 10.5/21) against (15.5/21, 5.5/21)
    assert psi([10, 10], [15, 5]) == pytest.approx((15.5 - 10.5) / 21 * math.log(15.5 / 10.5) + (5.5 - 10.5) / 21 * math.log(5.5 / 10.5))


def arm(requests: int = 300, **values: Any) -> Arm:
    return Arm(requests=requests, **values)


def step(percent: int = 10, champion: Arm | None = None, challenger: Arm | None = None, seconds: float = 1) -> Step:
    return Step(percent=percent, champion=champion or arm(2700), challenger=challenger or arm(), seconds=seconds)


def failed(steps: list[Step]) -> list[str]:
    return [check.name for check in decide(steps, SHARES, Limits()).checks if check.verdict == "fail"]


def test_decisions() -> None:
    assert decide([step(challenger=arm(199))], SHARES, Limits()).action == "wait"
    assert decide([step(challenger=arm(200))], SHARES, Limits()).action == "advance"
    assert decide([step(), step(100)], SHARES, Limits()).action == "done"
    assert decide([step(challenger=arm(0), seconds=3600)], SHARES, Limits()).action == "no_traffic"
    assert decide([step(challenger=arm(20, errors=10))], SHARES, Limits()).action == "roll_back", "before the step is full"


def test_each_question_alone_can_refuse() -> None:
    assert failed([step(challenger=arm(errors=8), champion=arm(2700, errors=3))]) == ["errors"]
    assert failed([step(challenger=arm(slow=100), champion=arm(2700, slow=20))]) == ["latency"]
    assert failed([step(challenger=arm(losses=290), champion=arm(2700, losses=900))]) == ["business"]
    low, high = (300, *[0] * (BINS - 1)), (*[0] * (BINS - 1), 300)
    assert failed([step(challenger=arm(scores=high), champion=arm(scores=low))]) == ["distribution"]
    assert failed([step(challenger=arm(groups={"a": (10, 100), "b": (80, 100)}))]) == ["groups"]


def test_as_good_as_the_champion_is_good_enough() -> None:
    flat = tuple([300] * BINS)
    same: dict[str, Any] = {"losses": 30, "errors": 3, "slow": 3, "scores": flat, "groups": {"a": (50, 100), "b": (52, 100)}}
    nine: dict[str, Any] = {"losses": 270, "errors": 27, "slow": 27, "scores": flat, "groups": {"a": (450, 900), "b": (470, 900)}}
    decision = decide([step(champion=arm(2700, **nine), challenger=arm(**same))], SHARES, Limits())
    assert [check.verdict for check in decision.checks] == ["pass"] * 5
    assert decision.action == "advance"


def test_groups_are_compared_within_an_attribute() -> None:
    counts = {"sex: f": (95, 100), "sex: m": (90, 100), "race: a": (30, 100), "race: b": (35, 100)}
    [check] = [item for item in decide([step(challenger=arm(groups=counts))], SHARES, Limits()).checks if item.name == "groups"]
    assert check.verdict == "pass", "0.3 of 0.95 would be refused, but nobody is both a sex and a race"
    counts["race: b"] = (90, 100)
    [check] = [item for item in decide([step(challenger=arm(groups=counts))], SHARES, Limits()).checks if item.name == "groups"]
    assert (check.verdict, check.detail[:24]) == ("fail", "favourable for race: a 0")


def test_small_groups_and_missing_figures_are_not_judged() -> None:
    decision = decide([step(challenger=arm(groups={"a": (0, 29), "b": (29, 29)}))], SHARES, Limits())
    assert {check.name: check.verdict for check in decision.checks} == {
        "errors": "pass",
        "latency": "pass",
        "business": "not_evaluated",
        "distribution": "not_evaluated",
        "groups": "not_evaluated",
    }


def test_groups_of_a_regulated_model_are_judged_before_it_gets_everything() -> None:
    limits = limits_of(REGULATED, minimum_requests=200, step_seconds=3600)
    small, large = {"sex: f": (40, 49), "sex: m": (60, 80)}, {"sex: f": (45, 50), "sex: m": (60, 70)}
    assert decide([step(challenger=arm(groups=small))], SHARES, limits).action == "advance", "not the last share yet"
    waiting = [step(challenger=arm(groups=small)), step(50)]
    decision = decide(waiting, SHARES, limits)
    assert (decision.action, decision.unanswered) == ("wait", ("groups",))
    assert decision.checks[-1].detail == "no attribute has two groups of 50 decisions; the largest: sex: m 80, sex: f 49"
    assert decide([*waiting[:1], step(50, seconds=3600)], SHARES, limits).action == "not_judged"
    assert decide([step(50, challenger=arm(0), seconds=3600)], SHARES, limits).action == "no_traffic"
    judged = decide([step(50, challenger=arm(groups=large))], SHARES, limits)
    assert (judged.action, judged.unanswered) == ("advance", ())
    assert judged.checks[-1].detail.endswith("; too few to compare by age")
    assert decide([step(50, challenger=arm(groups={"sex: f": (5, 100), "sex: m": (90, 100)}))], SHARES, limits).action == "roll_back"


def test_a_canary_in_one_step_waits_too() -> None:
    limits = limits_of(REGULATED, minimum_requests=200, step_seconds=3600)
    assert decide([step(100)], (100,), limits).action == "wait"
    assert decide([step(100)], (100,), Limits()).action == "done"


@pytest.mark.parametrize(
    ("change", "asked", "required"),
    [
        ({}, {"errors", "latency", "groups"}, {"groups"}),
        ({"regulated": False}, {"errors", "latency", "groups"}, set()),
        ({"regulated": False, "prohibited": ["sex"]}, {"errors", "latency", "groups"}, {"groups"}),
        ({"monitored": []}, {"errors", "latency"}, set()),
        ({"fairness": {}}, {"errors", "latency"}, set()),
        ({"drift": {"prediction_psi": 0.1}, "regulated": False}, {"errors", "latency", "groups", "distribution"}, set()),
        ({"decision": {"favourable_word": "offer"}, "fairness": {}}, {"errors", "latency", "business"}, set()),
    ],
)
def test_what_the_model_file_asks(change: dict[str, Any], asked: set[str], required: set[str]) -> None:
    limits = limits_of(REGULATED | change, minimum_requests=1, step_seconds=1)
    assert (limits.asked, limits.required) == (asked, required)


def test_the_environment_sets_how_strict_the_sequential_test_is() -> None:
    # 10 would be equal; the evidence is 2052 at a tolerance of 1, 73 at 1.25, 0.6 at 2
    worse = [step(challenger=arm(errors=28), champion=arm(2700, errors=90))]

    def verdict(**settings: float) -> str:
        limits = limits_of({}, Promotion(**settings), minimum_requests=200, step_seconds=1)  # type: ignore[arg-type]
        return decide(worse, SHARES, limits).checks[0].verdict

    assert verdict() == verdict(canary_alpha=0.01, canary_tolerance=1.25) == "pass"
    assert verdict(canary_alpha=0.1) == "fail"
    assert verdict(canary_tolerance=1.0) == "fail"
    assert verdict(canary_alpha=0.0001, canary_tolerance=1.0) == "pass"
    assert verdict(canary_alpha=0.1, canary_tolerance=2.0) == "pass"


@pytest.mark.parametrize(
    "setting",
    [
        {"canary_alpha": 0},
        {"canary_alpha": 0.2},
        {"canary_tolerance": 0.9},
        {"canary_tolerance": 11},
        {"canary_steps": []},
        {"canary_steps": [0, 100]},
        {"canary_steps": [50, 10, 100]},
        {"canary_steps": [10, 50]},
    ],
)
def test_settings_that_make_no_canary(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(setting))):
        Promotion(**setting)


class Silent:
    """Traffic without a request."""

    def __init__(self) -> None:
        self.splits: list[int] = []
        self.failed_for_callers: int | None = None

    def split(self, percent: int) -> None:
        self.splits.append(percent)

    def counts(self) -> tuple[Arm, Arm]:
        return Arm(), Arm()


def test_no_traffic_ends_with_the_champion_however_the_clock_jumps() -> None:
    traffic = Silent()
    readings = iter([0.0, 100.0, -1e9, -1e9 + 200, 1e9])
    outcome = run_canary(traffic, SHARES, Limits(step_seconds=1000), clock=lambda: next(readings))
    assert outcome.result == "no_traffic"
    assert traffic.splits == [10, 0]
    assert outcome.steps[0].seconds >= 1000


def test_an_exception_gives_the_champion_everything_back() -> None:
    class Breaks(Silent):
        def counts(self) -> tuple[Arm, Arm]:
            raise ServiceError("CloudWatch is down")

    traffic = Breaks()
    with pytest.raises(ServiceError):
        run_canary(traffic, SHARES, Limits())
    assert traffic.splits == [10, 0]
