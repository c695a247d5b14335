"""A stand-in for GitHub on this machine: pull requests over its REST API, merged into a bare repository by fast-forward."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ml.errors import ServiceError


@dataclass(slots=True, kw_only=True)
class PullRequest:
    """One that was opened."""

    number: int
    title: str
    body: str
    branch: str
    state: str = "open"
    changed: str = ""
    """What merging it changed in environments/, as a unified diff; empty while it is open."""

    def to_json(self) -> dict[str, Any]:
        return {"number": self.number, "title": self.title, "state": self.state, "html_url": f"pull request {self.number}"}


@dataclass(slots=True, kw_only=True)
class Hub:
    """A repository with its pull requests."""

    remote: Path
    """The bare repository."""
    address: str = ""
    pulls: list[PullRequest] = field(default_factory=list)

    def merge(self, branch: str) -> PullRequest:
        """What the green button does.

        Raises
        ------
        ServiceError
            No pull request of the branch is open, or `main` has moved on.
        """
        found = next((pull for pull in self.pulls if pull.branch == branch and pull.state == "open"), None)
        if found is None:
            raise ServiceError(f"no pull request of {branch} is open")
        before, after = self._git("rev-parse", "main"), self._git("rev-parse", branch)
        if self._git("merge-base", before, after) != before:
            raise ServiceError(f"{branch} does not stand on main as it is now")
        self._git("update-ref", "refs/heads/main", after, before)
        self._git("update-ref", "-d", f"refs/heads/{branch}")
        found.state, found.changed = "merged", self._git("diff", "-U1", before, after, "--", "environments")
        return found

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, Any]:
        """The status and body for a request below `/repos/<owner>/<name>`."""
        if method == "GET" and path == "/pulls":
            branch = query.get("head", [""])[0].partition(":")[2]
            return 200, [pull.to_json() for pull in self.pulls if pull.state == "open" and pull.branch == branch]
        if method == "POST" and path == "/pulls":
            made = PullRequest(number=len(self.pulls) + 1, title=body["title"], body=body["body"], branch=body["head"])
            self.pulls.append(made)
            return 201, made.to_json()
        number = path.removeprefix("/pulls/")
        if method == "PATCH" and number.isdigit() and 0 < int(number) <= len(self.pulls):
            pull = self.pulls[int(number) - 1]
            pull.title, pull.body = body["title"], body["body"]
            return 200, pull.to_json()
        return 404, {"message": "Not Found"}

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.remote), *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServiceError(f"git {arguments[0]}: {done.stderr.strip()}")
        return done.stdout.strip()


@contextmanager
def open_hub(remote: Path) -> Iterator[Hub]:
    """Answer on a free port of this machine for as long as the context lasts."""
    hub = Hub(remote=remote)

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            parts = urlsplit(self.path)
            path = "/" + "/".join(parts.path.split("/")[4:])
            status, value = hub.answer(self.command, path, parse_qs(parts.query), json.loads(raw) if raw else {})
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _any  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
