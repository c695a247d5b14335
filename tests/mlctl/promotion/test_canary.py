"""The canary: its arithmetic by hand and by simulation, its decisions, and whole runs against two real HTTP servers."""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mlctl.config.gates import Promotion
from mlctl.errors import InputError, ServiceError
from mlctl.evidence.log import EvidenceLog
from mlctl.promotion.canary import BINS, Arm, Limits, Step, decide, psi
from mlctl.promotion.canary_limits import limits_of
from mlctl.promotion.canary_run import run_canary
from mlctl.promotion.local_traffic import LocalTraffic, Request, read_requests
from mlctl.promotion.pin import read_pin
from mlctl.promotion.sequential import RATIOS, Events, evidence
from tests.mlctl.promotion.conftest import Mlctl, prove, who

SHARES = (10, 50, 100)


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


REGULATED: dict[str, Any] = {
    "regulated": True,
    "contract": {"columns": {"sex": {"categories": ["f", "m", "x"]}, "age": {"dtype": "integer"}}},
    "monitored": [{"column": "sex", "unstated": ["x"]}, {"column": "age", "bins": [18, 40, 90]}],
    "fairness": {"adverse_impact_ratio": 0.8, "minimum_group": 50},
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


Behaviour = Callable[[dict[str, object]], tuple[int, object]]


@pytest.fixture
def serve() -> Iterator[Callable[[Behaviour], str]]:
    """Start a model server that behaves as told; its address."""
    servers = []

    def start(behave: Behaviour) -> str:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, answer = behave(body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def good(body: dict[str, object]) -> tuple[int, object]:
    score = float(str(body["x"]))
    return 200, [{"score": score, "decision": "approve" if score < 0.7 else "decline"}]


def failing(body: dict[str, object]) -> tuple[int, object]:
    return (500, {"error": "boom"}) if int(float(str(body["x"])) * 1000) % 4 == 0 else good(body)


def slow(body: dict[str, object]) -> tuple[int, object]:
    time.sleep(0.25)
    return good(body)


def biased(body: dict[str, object]) -> tuple[int, object]:
    score = float(str(body["x"]))
    return 200, [{"score": score, "decision": "decline" if body["who"] == "b" and score > 0.2 else "approve"}]


def skewed(body: dict[str, object]) -> tuple[int, object]:
    return 200, [{"score": float(str(body["x"])) ** 4, "decision": good(body)[1][0]["decision"]}]  # type: ignore[index]


def source(count: int = 997) -> list[Request]:
    generator = random.Random(3)
    return [
        Request(body={"x": round(generator.random(), 3), "who": group}, groups=(f"who: {group}",), key=str(number))
        for number in range(count)
        for group in [("a", "b")[number % 2]]
    ]


@pytest.mark.parametrize(
    ("challenger", "reason"),
    [(failing, "errors"), (slow, "latency"), (biased, "groups"), (skewed, "distribution")],
    ids=lambda item: str(item)[:20],
)
def test_a_bad_challenger_is_rolled_back_and_no_caller_notices(
    serve: Callable[[Behaviour], str], challenger: Behaviour, reason: str
) -> None:
    limits = Limits(minimum_requests=200 if reason in ("groups", "distribution") else 60)
    traffic = LocalTraffic(serve(good), serve(challenger), source(), slow_ms=200, favourable="approve")
    outcome = run_canary(traffic, (50, 100), limits)
    assert outcome.result == "rolled_back"
    assert reason in [check.name for check in outcome.decision.checks if check.verdict == "fail"]
    assert traffic.failed_for_callers == 0
    assert all(step.champion.errors == 0 for step in outcome.steps)


def test_a_good_challenger_reaches_all_traffic(serve: Callable[[Behaviour], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # of no concern to servers on this machine
    monkeypatch.delenv("NO_PROXY", raising=False)
    traffic = LocalTraffic(serve(good), serve(good), source(), slow_ms=5000, favourable="approve")
    outcome = run_canary(traffic, SHARES, Limits(minimum_requests=60))
    assert outcome.result == "champion_replaced"
    assert [item.percent for item in outcome.steps] == [10, 50, 100]
    assert traffic.failed_for_callers == 0
    first = outcome.steps[0]
    assert first.challenger.requests / (first.champion.requests + first.challenger.requests) == pytest.approx(0.1, abs=0.05)


def test_a_champion_that_is_down_is_no_canary(serve: Callable[[Behaviour], str]) -> None:
    traffic = LocalTraffic("http://127.0.0.1:9", serve(good), source(), slow_ms=200)
    with pytest.raises(ServiceError, match=r"the champion at .* does not answer"):
        run_canary(traffic, SHARES, Limits())


def test_answers_of_nonsense_are_errors(serve: Callable[[Behaviour], str]) -> None:
    traffic = LocalTraffic(serve(good), serve(lambda _: (200, "moo")), source(), slow_ms=5000)
    outcome = run_canary(traffic, SHARES, Limits(minimum_requests=60))
    assert outcome.result == "rolled_back"


def test_requests_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text('{"body": {"x": 1}, "groups": {"who": "a"}}\n{"x": 1}\n')
    with pytest.raises(InputError, match=r"requests\.jsonl:2: is no request; allowed: "):
        read_requests(path)
    path.write_text("")
    with pytest.raises(InputError, match="there is no request to send"):
        LocalTraffic("http://a", "http://b", read_requests(path), slow_ms=1)


def test_what_took_over_unjudged_is_named_and_did_not_pass(repo: Path, serve: Callable[[Behaviour], str], mlctl: Mlctl) -> None:
    from mlctl.promotion.move import promote

    definition = dict(REGULATED, regulated=False, contract={**REGULATED["contract"], "version": "1.0"})
    (repo / "ml" / "models" / "churn.yaml").write_text(json.dumps(definition))
    prove(repo, 1)
    promote(repo, "churn", "dev", who(), version=1)
    (repo / "requests.jsonl").write_text("".join(json.dumps({"body": item.body, "groups": {"sex": "x"}}) + "\n" for item in source()))
    servers = ["--champion", serve(good), "--challenger", serve(good), "--requests", "requests.jsonl"]
    arguments = ["model", "canary", "churn", "--env", "dev", "--minimum", "20", *servers]
    status, out, err = mlctl(*arguments)
    assert status == 0, err
    assert "not evaluated  groups         no decision was seen about anybody whose group is known\n" in out
    assert out.endswith("churn in dev: champion replaced; not evaluated: groups\n")
    record = list(EvidenceLog(repo / "evidence").records("churn"))[-1]
    assert (record.verdict, record.details["not_evaluated"]) == ("not_evaluated", ["groups"])

    (repo / "ml" / "models" / "churn.yaml").write_text(json.dumps(definition | {"regulated": True}))
    status, out, err = mlctl(*arguments, "--step-minutes", "0.02")
    assert (status, err.splitlines()[-1]) == (1, "all traffic back to the champion")
    assert out.endswith("churn in dev: not judged; not evaluated: groups\n")
    record = list(EvidenceLog(repo / "evidence").records("churn"))[-1]
    assert (record.kind, record.verdict, record.details["result"]) == ("canary", "not_evaluated", "not_judged")
    assert [item["percent"] for item in record.details["steps"]] == [10, 50]


def test_the_command_rolls_back_what_was_promoted(repo: Path, serve: Callable[[Behaviour], str], mlctl: Mlctl) -> None:
    from mlctl.promotion.move import promote

    for version in (1, 2):
        prove(repo, version)
        promote(repo, "churn", "dev", who(), version=version)
    (repo / "requests.jsonl").write_text(
        "".join(json.dumps({"body": item.body, "groups": {"who": item.body["who"]}}) + "\n" for item in source())
    )
    arguments = ["model", "canary", "churn", "--env", "dev", "--champion", serve(good), "--requests", "requests.jsonl", "--minimum", "60"]
    status, out, err = mlctl(*arguments, "--challenger", serve(failing))
    assert status == 1, err
    assert "churn in dev: rolled back" in out and "version 2 → 1" in out
    assert err == "10 % to the challenger\nall traffic back to the champion\n"
    assert read_pin(repo / "environments" / "dev.yaml", "churn").version == 1
    canary, rolled = list(EvidenceLog(repo / "evidence").records("churn"))[-2:]
    assert (canary.kind, canary.version, canary.verdict, canary.details["result"]) == ("canary", 2, "fail", "rolled_back")
    assert (rolled.kind, rolled.version, rolled.details["reason"]) == ("rollback", 1, "the canary refused it: errors")
    assert mlctl("model", "canary", "churn", "--env", "dev")[0] == 2
