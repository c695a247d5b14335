"""Whole canaries on this machine: between two real HTTP servers, and by the command."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlctl.errors import InputError, ServiceError
from mlctl.evidence.log import EvidenceLog
from mlctl.promotion.canary import Limits
from mlctl.promotion.canary_run import run_canary
from mlctl.promotion.local_traffic import LocalTraffic, Request, read_requests
from tests.mlctl.promotion.conftest import REGULATED, Mlctl, pinned, prove, who

SHARES = (10, 50, 100)

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
    assert pinned(repo / "environments" / "dev.yaml", "churn").version == 1
    canary, rolled = list(EvidenceLog(repo / "evidence").records("churn"))[-2:]
    assert (canary.kind, canary.version, canary.verdict, canary.details["result"]) == ("canary", 2, "fail", "rolled_back")
    assert (rolled.kind, rolled.version, rolled.details["reason"]) == ("rollback", 1, "the canary refused it: errors")
    assert mlctl("model", "canary", "churn", "--env", "dev")[0] == 2
