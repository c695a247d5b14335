"""A small repository with two environments, and a service that answers as it is told."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event
from mlctl.promotion.move import Who
from mlctl.promotion.pin import Pin, pin_in

SOURCE = Path(__file__).parents[3]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KINDS = ("evaluation", "fairness", "explanation", "latency", "data_contract", "artefact")
REGULATED: dict[str, Any] = {
    "regulated": True,
    "contract": {"columns": {"sex": {"categories": ["f", "m", "x"]}, "age": {"dtype": "integer"}}},
    "monitored": [{"column": "sex", "unstated": ["x"]}, {"column": "age", "bins": [18, 40, 90]}],
    "fairness": {"adverse_impact_ratio": 0.8, "minimum_group": 50},
}
"""A model file that says its model decides about people."""
DETAILS: dict[str, dict[str, str]] = {"data_contract": {"contract_version": "1.0+abc"}, "artefact": {"sha256": "a" * 64}}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """environments/ as shipped, one model definition, no evidence yet."""
    root = tmp_path / "repo"
    (root / "stacks").mkdir(parents=True)
    shutil.copytree(SOURCE / "environments", root / "environments")
    (root / "ml" / "models").mkdir(parents=True)
    for name in ("churn", "credit-risk"):
        (root / "ml" / "models" / f"{name}.yaml").write_text('contract:\n  version: "1.0"\n')
    return root


def pinned(file: Path, model: str) -> Pin:
    """What an environment file pins."""
    return pin_in(file.read_text(encoding="utf-8"), file, model)


def who(hours: float = 0, actor: str = "ada@acme.example") -> Who:
    """Somebody, so many hours after NOW."""
    return Who(actor=actor, now=NOW + timedelta(hours=hours), commit="c" * 40)


def prove(root: Path, version: int, model: str = "churn", *, leave_out: str = "", failing: str = "", days_ago: float = 1) -> None:
    """Write passing evidence about a version, as training does."""
    date = (NOW - timedelta(days=days_ago)).isoformat()
    EvidenceLog(root / "evidence").append(
        [
            Event(
                kind=kind,  # type: ignore[arg-type]
                model=model,
                version=version,
                date=date,
                actor="training",
                verdict="fail" if kind == failing else "pass",
                details=DETAILS.get(kind, {}),
            )
            for kind in KINDS
            if kind != leave_out
        ]
    )


@dataclass
class Stage:
    """What the stand-in service saw, and how it answers: by (method, path without query), one answer after the other, the last for good."""

    url: str = ""
    answers: dict[tuple[str, str], list[tuple[int, Any, dict[str, str]]]] = field(default_factory=dict)
    seen: list[tuple[str, str, Any]] = field(default_factory=list)

    def on(self, method: str, path: str, status: int, body: Any = None, **headers: str) -> None:
        self.answers.setdefault((method, path), []).append((status, body, headers))

    def calls(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path, _ in self.seen]


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            path, _, _ = self.path.partition("?")
            length = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(length)
            stage.seen.append((self.command, self.path, json.loads(raw) if raw else None))
            answers = stage.answers.get((self.command, path), [(404, {"message": "Not Found"}, {})])
            status, body, headers = answers.pop(0) if len(answers) > 1 else answers[0]
            content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stage.url = f"http://127.0.0.1:{server.server_port}"
    yield stage
    server.shutdown()
    server.server_close()


Mlctl = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mlctl(repo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mlctl:
    """Run a command inside the repository; (exit status, standard output, standard error)."""
    from mlctl.cli.main import main

    monkeypatch.chdir(repo)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("GITHUB_ACTOR", "ada")

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(str(ended.value.code or 0)), out, err

    return run
