"""Submitting, against a local server that answers in Argo's published shape."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mlctl.cli.workflow import workflow
from mlctl.errors import InputError, ServiceError
from mlctl.workflow.argo_server import ArgoServer, follow, submit
from mlctl.workflow.catalog import load_catalog

ACCEPTED = Path(__file__).parent / "manifests/accepted"
CREATED = {"metadata": {"name": "hello-x7k2p", "namespace": "argo", "uid": "u-1"}, "spec": {}, "status": {}}
UNAUTHORISED = {"code": 16, "message": "token not valid. see https://argo-workflows.readthedocs.io/en/latest/faq/"}


class FakeArgo(ThreadingHTTPServer):
    """Answers each request with the next prepared answer, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, bytes]] = []
        self.asked: list[tuple[str, str, str | None, Any]] = []

    def answer(self, status: int, body: Any) -> None:
        self.answers.append((status, body if isinstance(body, bytes) else json.dumps(body).encode()))


class _Handler(BaseHTTPRequestHandler):
    server: FakeArgo

    def do_POST(self) -> None:
        self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_GET(self) -> None:
        self._reply(None)

    def _reply(self, body: Any) -> None:
        self.server.asked.append((self.command, self.path, self.headers.get("Authorization"), body))
        status, data = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def argo() -> Iterator[FakeArgo]:
    server = FakeArgo()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def at(argo: FakeArgo, **more: Any) -> ArgoServer:
    return ArgoServer(url=f"http://127.0.0.1:{argo.server_port}", token="t0ken", pause=0.0, **more)


def send(argo: FakeArgo, name: str, parameters: dict[str, str] | None = None) -> str:
    return submit(at(argo), load_catalog(ACCEPTED / f"{name}.yaml"), "argo", parameters or {})


def test_a_workflow_is_created_with_its_parameters_replaced(argo: FakeArgo) -> None:
    argo.answer(200, CREATED)
    assert send(argo, "workflow_parameters_from_the_command_line", {"text": "given"}) == "hello-x7k2p"
    method, path, token, body = argo.asked[0]
    assert (method, path, token) == ("POST", "/api/v1/workflows/argo", "Bearer t0ken")
    assert body["namespace"] == "argo"
    assert body["workflow"]["kind"] == "Workflow"
    assert body["workflow"]["metadata"]["namespace"] == "argo"
    assert body["workflow"]["spec"]["arguments"] == {"parameters": [{"name": "text", "value": "given"}]}


def test_of_a_template_the_deployed_one_is_started(argo: FakeArgo) -> None:
    argo.answer(200, CREATED)
    assert send(argo, "cron_workflow_runs_once", {"a": "1"}) == "hello-x7k2p"
    _, path, _, body = argo.asked[0]
    assert path == "/api/v1/workflows/argo/submit"
    assert body == {
        "namespace": "argo",
        "resourceKind": "CronWorkflow",
        "resourceName": "nightly",
        "submitOptions": {"parameters": ["a=1"]},
    }


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (401, UNAUTHORISED, ServiceError, "does not know the token (HTTP 401): token not valid"),
        (403, {"code": 7, "message": "not allowed"}, ServiceError, "does not allow this (HTTP 403): not allowed"),
        (400, {"code": 3, "message": "spec.entrypoint is required"}, InputError, "spec.entrypoint is required"),
        (404, {"code": 5, "message": "not found"}, ServiceError, "(HTTP 404): not found"),
        (409, {"code": 6, "message": "already exists"}, InputError, "it exists already"),
        (500, b"<html>boom</html>", ServiceError, "answered HTTP 500: <html>boom</html>"),
        (302, b"", ServiceError, "answered HTTP 302"),
        (200, b"<html>login</html>", ServiceError, "not a JSON object"),
        (200, b"[]", ServiceError, "not a JSON object"),
        (200, {"metadata": {}}, ServiceError, "did not say what the workflow is called"),
    ],
)
def test_what_the_server_answers_is_told_and_never_sent_twice(
    argo: FakeArgo, status: int, body: Any, error: type[Exception], text: str
) -> None:
    argo.answer(status, body)
    with pytest.raises(error) as caught:
        send(argo, "container_runs_a_command")
    assert text in str(caught.value)
    assert len(argo.asked) == 1


def test_following_repeats_what_may_be_repeated(argo: FakeArgo) -> None:
    def node(phase: str) -> dict[str, Any]:
        return {"status": {"phase": "Running", "nodes": {"n": {"type": "Pod", "displayName": "a", "phase": phase}}}}

    argo.answer(503, b"busy")
    argo.answer(200, node("Running"))
    argo.answer(200, node("Running"))
    argo.answer(200, {"status": {**node("Succeeded")["status"], "phase": "Succeeded"}})
    told: list[str] = []
    assert follow(at(argo), "argo", "w", told.append, every=0.0) == "Succeeded"
    assert told == ["a Running", "a Succeeded"]
    assert [path for _, path, _, _ in argo.asked] == ["/api/v1/workflows/argo/w"] * 4


def test_following_gives_up_in_the_end(argo: FakeArgo) -> None:
    for _ in range(4):
        argo.answer(503, b"busy")
    with pytest.raises(ServiceError, match="HTTP 503"):
        follow(at(argo), "argo", "w", print, every=0.0)


def test_nobody_there() -> None:
    server = ArgoServer(url="http://127.0.0.1:9", token="", timeout=2)
    with pytest.raises(ServiceError, match="cannot be reached"):
        submit(server, load_catalog(ACCEPTED / "container_runs_a_command.yaml"), "argo", {})


def test_a_token_is_not_sent_in_clear() -> None:
    with pytest.raises(InputError, match="in clear"):
        ArgoServer(url="http://argo.example.com", token="t")


def test_an_address_that_is_none() -> None:
    with pytest.raises(InputError, match="not a server's address"):
        ArgoServer(url="argo.example.com", token="t")


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[FakeArgo, Path]]:
    """An Argo server behind TLS with a certificate of its own, and the file that holds it."""
    pem = _certificate(tmp_path)
    argo = FakeArgo()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    argo.socket = context.wrap_socket(argo.socket, server_side=True)
    threading.Thread(target=argo.serve_forever, daemon=True).start()
    yield argo, pem
    argo.shutdown()
    argo.server_close()


def test_tls_is_verified_and_an_own_authority_can_be_given(secure: tuple[FakeArgo, Path]) -> None:
    argo, pem = secure
    url = f"https://127.0.0.1:{argo.server_port}"
    catalog = load_catalog(ACCEPTED / "container_runs_a_command.yaml")
    with pytest.raises(ServiceError, match="certificate is not accepted"):
        submit(ArgoServer(url=url, token="t"), catalog, "argo", {})
    argo.answer(200, CREATED)
    assert submit(ArgoServer(url=url, token="t", ca_file=pem), catalog, "argo", {}) == "hello-x7k2p"
    assert [token for _, _, token, _ in argo.asked] == ["Bearer t"], "nobody who was not trusted saw the token"


def test_a_certificate_for_another_name_is_refused(secure: tuple[FakeArgo, Path]) -> None:
    argo, pem = secure
    server = ArgoServer(url=f"https://localhost:{argo.server_port}", token="t", ca_file=pem)
    with pytest.raises(ServiceError, match="certificate is not accepted"):
        submit(server, load_catalog(ACCEPTED / "container_runs_a_command.yaml"), "argo", {})
    assert argo.asked == []


@pytest.mark.parametrize("content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n"])
def test_an_authority_that_is_none_is_named(content: str, secure: tuple[FakeArgo, Path], tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(content)
    server = ArgoServer(url=f"https://127.0.0.1:{secure[0].server_port}", token="t", ca_file=file)
    with pytest.raises((InputError, ServiceError), match=r"ca-file|certificate"):
        submit(server, load_catalog(ACCEPTED / "container_runs_a_command.yaml"), "argo", {})


def test_a_server_that_does_not_answer_is_not_waited_for(argo: FakeArgo) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    try:
        server = ArgoServer(url=f"http://127.0.0.1:{silent.getsockname()[1]}", token="t", timeout=0.2, pause=0.0)
        with pytest.raises(ServiceError, match=r"did not answer within 0.2 s"):
            submit(server, load_catalog(ACCEPTED / "container_runs_a_command.yaml"), "argo", {})
        with pytest.raises(ServiceError, match=r"did not answer within 0.2 s"):
            follow(server, "argo", "w", print)
    finally:
        silent.close()


def test_a_wrong_parameter_is_refused_before_anything_is_sent(argo: FakeArgo) -> None:
    file = str(ACCEPTED / "workflow_parameters_from_the_command_line.yaml")
    given = ["submit", file, "--server", f"http://127.0.0.1:{argo.server_port}", "-p", "txt=x"]
    refused = CliRunner().invoke(workflow, given).exception
    assert isinstance(refused, InputError)
    assert refused.remedy == "did you mean `text`?"
    assert argo.asked == []


def test_the_namespace_is_the_manifests_own(argo: FakeArgo) -> None:
    argo.answer(200, CREATED)
    rendered = Path(__file__).parents[3] / "workflows" / "rendered"
    given = ["submit", "churn-training", "--rendered", str(rendered), "--server", f"http://127.0.0.1:{argo.server_port}"]
    result = CliRunner().invoke(workflow, given)
    assert result.output == "hello-x7k2p submitted to retention\n"
    assert argo.asked[0][1] == "/api/v1/workflows/retention/submit"


def test_the_command_watches_to_the_end(argo: FakeArgo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGO_TOKEN", "Bearer from-the-environment")
    argo.answer(200, CREATED)
    argo.answer(200, {"status": {"phase": "Failed"}})
    url = f"http://127.0.0.1:{argo.server_port}"
    file = str(ACCEPTED / "container_runs_a_command.yaml")
    result = CliRunner().invoke(workflow, ["submit", file, "--server", url, "--watch"])
    assert result.output == "hello-x7k2p submitted to argo\nhello-x7k2p Failed\n"
    assert result.exit_code == 1
    assert argo.asked[0][2] == "Bearer from-the-environment"
