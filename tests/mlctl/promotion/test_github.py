"""GitHub as it answers, and as it should not."""

from __future__ import annotations

import pytest

from mlctl.errors import InputError, ServiceError
from mlctl.promotion.github import GitHub
from tests.mlctl.promotion.conftest import Stage

REPO = "/repos/acme/ml"


@pytest.fixture
def github(stage: Stage) -> GitHub:
    github = GitHub("acme/ml", "t0ken", base=stage.url)
    github.service.wait = lambda _: None
    return github


def test_a_pull_request_is_opened_once_and_then_updated(stage: Stage, github: GitHub) -> None:
    stage.on("GET", f"{REPO}/pulls", 200, [])
    stage.on("GET", f"{REPO}/pulls", 200, [{"number": 7}])
    stage.on("POST", f"{REPO}/pulls", 201, {"html_url": "u7"})
    stage.on("PATCH", f"{REPO}/pulls/7", 200, {"html_url": "u7"})
    assert [github.pull_request(branch="b", base="main", title="t", body=body) for body in ("one", "two")] == ["u7", "u7"]
    assert stage.seen[0][1] == f"{REPO}/pulls?head=acme%3Ab&base=main&state=open"
    assert [json for method, _, json in stage.seen if method != "GET"] == [
        {"head": "b", "base": "main", "title": "t", "body": "one"},
        {"title": "t", "body": "two"},
    ]


def test_one_comment_found_on_the_second_page_by_its_marker(stage: Stage, github: GitHub) -> None:
    stage.on("GET", f"{REPO}/issues/5/comments", 200, [{"id": number, "body": "hello"} for number in range(100)])
    stage.on("GET", f"{REPO}/issues/5/comments", 200, [{"id": 1000, "body": "<!-- mlctl gate -->\nold"}])
    stage.on("PATCH", f"{REPO}/issues/comments/1000", 200, {"html_url": "c"})
    assert github.comment(5, marker="gate", body="new") == "c"
    assert stage.seen[-1][2] == {"body": "<!-- mlctl gate -->\nnew"}


def test_a_comment_that_only_quotes_the_marker_is_left_alone(stage: Stage, github: GitHub) -> None:
    stage.on("GET", f"{REPO}/issues/5/comments", 200, [{"id": 1, "body": "> <!-- mlctl gate -->"}, {"id": 2, "body": None}])
    stage.on("POST", f"{REPO}/issues/5/comments", 201, {"html_url": "c"})
    assert github.comment(5, marker="gate", body="new") == "c"


def test_one_issue_per_topic_until_it_is_closed(stage: Stage, github: GitHub) -> None:
    stage.on("GET", f"{REPO}/issues", 200, [])
    stage.on("GET", f"{REPO}/issues", 200, [{"number": 3, "body": "<!-- mlctl drift prod -->\nx"}])
    stage.on("POST", f"{REPO}/issues", 201, {"html_url": "i3"})
    stage.on("PATCH", f"{REPO}/issues/3", 200, {"html_url": "i3"})
    stage.on("POST", f"{REPO}/issues/3/comments", 201, {"html_url": "c"})
    assert github.issue(marker="drift prod", title="Drift", body="x") == "i3"
    assert github.issue(marker="drift prod", title="Drift", body="y") == "i3"
    assert github.close_issue(marker="drift prod", reason="gone") == "i3"
    assert stage.seen[-1] == ("PATCH", f"{REPO}/issues/3", {"state": "closed"})


def test_nothing_to_close(stage: Stage, github: GitHub) -> None:
    stage.on("GET", f"{REPO}/issues", 200, [])
    assert github.close_issue(marker="drift prod", reason="gone") is None


@pytest.mark.parametrize(
    ("status", "body", "headers", "message", "calls"),
    [
        (503, {"message": "busy"}, {}, "answered 503: busy", 3),
        (429, None, {"retry_after": "1"}, "answered 429", 3),
        (403, {"message": "API rate limit exceeded"}, {"x_ratelimit_remaining": "0"}, "rate limit exceeded", 3),
        (403, {"message": "no right"}, {}, "answered 403: no right; check the token", 1),
        (401, {"message": "Bad credentials"}, {}, "answered 401: Bad credentials; check the token", 1),
        (200, b"<html>", {}, "something that is no JSON", 3),
        (200, {"not": "a list"}, {}, "list of pull requests is missing from the answer or is no list", 1),
        (200, [{"number": "seven"}], {}, "number is missing from the answer or is no int", 1),
    ],
)
def test_bad_answers_are_service_errors(
    stage: Stage, github: GitHub, status: int, body: object, headers: dict[str, str], message: str, calls: int
) -> None:
    stage.on("GET", f"{REPO}/pulls", status, body, **headers)
    with pytest.raises(ServiceError, match=message):
        github.pull_request(branch="b", base="main", title="t", body="x")
    assert len(stage.seen) == calls


def test_a_short_outage_is_waited_for_as_long_as_github_asks(stage: Stage, github: GitHub) -> None:
    waits: list[float] = []
    github.service.wait = waits.append
    stage.on("GET", f"{REPO}/pulls", 429, None, retry_after="7")
    stage.on("GET", f"{REPO}/pulls", 200, [])
    stage.on("POST", f"{REPO}/pulls", 201, {"html_url": "u"})
    assert github.pull_request(branch="b", base="main", title="t", body="x") == "u"
    assert waits == [7.0]


def test_opening_is_not_tried_twice(stage: Stage, github: GitHub) -> None:
    stage.on("GET", f"{REPO}/pulls", 200, [])
    stage.on("POST", f"{REPO}/pulls", 502, None)
    with pytest.raises(ServiceError, match="answered 502"):
        github.pull_request(branch="b", base="main", title="t", body="x")
    assert stage.calls() == [("GET", f"{REPO}/pulls?head=acme%3Ab&base=main&state=open"), ("POST", f"{REPO}/pulls")]


def test_nobody_listens() -> None:
    github = GitHub("acme/ml", "t", base="http://127.0.0.1:9", attempts=1)
    with pytest.raises(ServiceError, match="cannot be reached: no connection"):
        github.comment(1, marker="gate", body="x")


def test_what_is_no_repository_or_marker(stage: Stage, github: GitHub) -> None:
    with pytest.raises(InputError, match="is no repository; allowed: owner/name"):
        GitHub("acme", "t")
    with pytest.raises(InputError, match="is no marker"):
        github.comment(1, marker="--> <script>", body="x")


def test_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with pytest.raises(InputError, match="GITHUB_TOKEN is not set"):
        GitHub.from_environment("acme/ml")


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1020"}, 20.0),
        ({"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "10"}, 1.0),
        ({}, 1.0),
    ],
    ids=["retry-after", "reset", "reset by a clock that is wrong", "secondary limit that names no time"],
)
def test_what_a_rate_limit_refused_is_sent_again_when_github_says(
    stage: Stage, github: GitHub, headers: dict[str, str], waited: float
) -> None:
    """A refused POST had no effect: unlike one whose answer was lost, it may be repeated."""
    pauses: list[float] = []
    github.service.wait, github.service.now = pauses.append, lambda: 1000.0
    stage.on(
        "POST", f"{REPO}/actions/workflows/canary.yml/dispatches", 403, {"message": "You have exceeded a secondary rate limit"}, **headers
    )
    stage.on("POST", f"{REPO}/actions/workflows/canary.yml/dispatches", 204)
    github.start("canary.yml", ref="main", inputs={})
    assert pauses == [waited] and len(stage.seen) == 2


def test_a_limit_of_an_hour_is_not_waited_for(stage: Stage, github: GitHub) -> None:
    github.service.wait, github.service.now = pytest.fail, lambda: 1000.0
    limit = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "4000"}
    stage.on("GET", f"{REPO}/pulls", 403, {"message": "API rate limit exceeded for installation"}, **limit)
    with pytest.raises(
        ServiceError, match=r"API rate limit exceeded for installation; it asks to wait 3000 s; wait, and run the same command"
    ):
        github.pull_request(branch="b", base="main", title="t", body="b")
    assert len(stage.seen) == 1


def test_a_right_that_is_missing_is_no_rate_limit(stage: Stage, github: GitHub) -> None:
    stage.on("GET", f"{REPO}/pulls", 403, {"message": "Resource not accessible by integration"}, X_RateLimit_Remaining="4999")
    with pytest.raises(ServiceError, match="check the token, its rights"):
        github.pull_request(branch="b", base="main", title="t", body="b")
    assert len(stage.seen) == 1
