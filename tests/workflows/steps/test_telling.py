"""Messages against a real HTTP server of our own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ml.errors import InputError, ServiceError
from workflows.steps.telling import dispatch, failure_lines, tell


class _Server(HTTPServer):
    status = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, str, dict[str, object]]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, self.headers.get("Authorization", ""), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    made = _Server()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def test_an_alert_reaches_the_webhook(server: _Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HOOK", server.address)
    tell("HOOK", "churn: tenure drifted")
    assert server.seen == [("/", "", {"text": "churn: tenure drifted"})]
    assert capsys.readouterr().out == "churn: tenure drifted\n"


def test_without_a_webhook_the_log_has_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("HOOK", raising=False)
    tell("HOOK", "churn: tenure drifted")
    assert capsys.readouterr().out == "churn: tenure drifted\n"


def test_a_webhook_that_refuses_is_an_error_to_try_again(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.status = 500
    monkeypatch.setenv("HOOK", server.address)
    with pytest.raises(ServiceError, match="answers with status 500") as caught:
        tell("HOOK", "x")
    assert caught.value.exit_status == 3


def test_a_promotion_is_asked_for(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", server.address)
    monkeypatch.setenv("TOKEN", "t0ken")
    dispatch("acme/ml", "TOKEN", {"model": "churn", "version": "4", "environment": "prod"})
    path = "/repos/acme/ml/actions/workflows/promote.yml/dispatches"
    assert server.seen == [(path, "Bearer t0ken", {"ref": "main", "inputs": {"model": "churn", "version": "4", "environment": "prod"}})]


def test_without_a_token_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN", raising=False)
    with pytest.raises(InputError, match="there is no token"):
        dispatch("acme/ml", "TOKEN", {})


def test_failures_are_named() -> None:
    text = json.dumps(json.dumps([{"displayName": "train", "message": "exit 1"}]))
    assert failure_lines(text) == "train: exit 1"
    assert failure_lines("not JSON") == "not JSON"


def test_the_evidence_goes_with_the_request(server: _Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from workflows.steps.watch import request_promotion

    monkeypatch.setenv("TOKEN", "secret")
    monkeypatch.setenv("GITHUB_API_URL", server.address)
    (tmp_path / "events.json").write_text('[{"kind": "training"}]')
    request_promotion("churn", "3", "staging", "acme/ml-platform", "TOKEN", tmp_path)
    [(path, _, body)] = server.seen
    assert path == "/repos/acme/ml-platform/actions/workflows/promote.yml/dispatches"
    assert body["inputs"] == {"model": "churn", "version": "3", "environment": "staging", "evidence": '[{"kind": "training"}]'}


def test_a_password_in_the_webhook_s_address_is_told_to_nobody(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    who = "us:secret"
    monkeypatch.setenv("HOOK", f"http://{who}@127.0.0.1:{port}/hook")
    with pytest.raises(ServiceError, match=f"^127.0.0.1:{port} does not answer: ConnectionError$"):
        tell("HOOK", "text")
    assert "secret" not in "".join(capsys.readouterr())
