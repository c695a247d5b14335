"""Asks OpenCost or Kubecost over HTTP: a few days at a time, patiently, and never more than asked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal
from urllib.parse import urlsplit

import requests

from mlctl.errors import InputError, ServiceError

Kind = Literal["opencost", "kubecost"]
_PATIENCE = 2
"""After as many questions in a row that went unanswered, each further one is asked once."""
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class UnreadableError(Exception):
    """One answer could not be had. The others still count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationClient:
    """One server.

    TLS certificates are verified. Redirects are not followed, so that the token goes nowhere else.
    """

    kind: Kind
    url: str
    token: str | None = field(default=None, repr=False)
    days: int = 7
    """Days a request asks for."""
    attempts: int = 4
    timeout_seconds: float = 60.0
    """For each read; a whole answer may take ten times as long."""
    most_bytes: int = 256 << 20
    """Longer answers are refused."""
    wait: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{self.url!r} is no address", key="--url", allowed="http://host:9003 or https://…")
        local = parts.hostname in ("localhost", "127.0.0.1", "::1") or parts.hostname.endswith(".svc.cluster.local")
        if self.token and parts.scheme == "http" and not local:
            raise InputError("a token must not travel unencrypted", key="--url", allowed="https://… where a token is set")

    def answers(self, first: date, end: date) -> Iterator[tuple[date, date, object | UnreadableError]]:
        """(from, to, answer) for every few days from `first` to before `end`.

        Raises
        ------
        ServiceError
            The server refuses who asks or what is asked; later requests would fare no better.
        """
        with requests.Session() as session:
            session.trust_env = False
            if self.token:
                session.headers["Authorization"] = f"Bearer {self.token}"
            failed = 0
            while first < end:
                until = min(first + timedelta(days=self.days), end)
                try:
                    answer: object = self._ask(session, first, until, attempts=self.attempts if failed < _PATIENCE else 1)
                    failed = 0
                except UnreadableError as error:
                    answer = error
                    failed += 1
                yield first, until, answer
                first = until

    def _ask(self, session: requests.Session, first: date, end: date, *, attempts: int) -> object:
        path = "/allocation" if self.kind == "opencost" else "/model/allocation"
        idle = "includeIdle" if self.kind == "opencost" else "idle"
        query = {
            "window": f"{first}T00:00:00Z,{end}T00:00:00Z",
            "aggregate": "namespace,controllerKind,controller",
            "step": "1d",
            "accumulate": "false",
            idle: "true",
            "idleByNode": "true",
        }
        problem = ""
        for attempt in range(attempts):
            if attempt:
                self.wait(min(2.0 ** (attempt - 1), 30.0))
            try:
                return self._once(session, self.url.rstrip("/") + path, query)
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
                problem = f"{type(error).__name__} at {urlsplit(self.url).netloc}"
            except UnreadableError as error:
                problem = str(error)
            except requests.RequestException as error:
                raise ServiceError(f"{self.kind} cannot be asked: {type(error).__name__}", key="--url") from None
        raise UnreadableError(problem + (f", {attempts} times" if attempts > 1 else ""))

    def _once(self, session: requests.Session, url: str, query: dict[str, str]) -> object:
        with session.get(url, params=query, timeout=self.timeout_seconds, allow_redirects=False, stream=True) as answer:
            if answer.status_code in _AGAIN:
                raise UnreadableError(f"{self.kind} answered {answer.status_code}")
            if answer.status_code != 200:
                what = "a redirect, which is not followed" if answer.is_redirect else f"status {answer.status_code}"
                remedy = "check the address and, for 401 and 403, the token"
                raise ServiceError(f"{self.kind} answered {what}", key="--url", remedy=remedy)
            text = self._body(answer)
        try:
            return json.loads(text, parse_float=Decimal)
        except ValueError:
            raise UnreadableError(f"{self.kind} sent JSON that breaks off or is damaged") from None

    def _body(self, answer: requests.Response) -> bytes:
        parts, size = [], 0
        limit = time.monotonic() + 10 * self.timeout_seconds
        for part in answer.iter_content(1 << 20):
            size += len(part)
            if size > self.most_bytes:
                raise UnreadableError(f"{self.kind} sent more than {self.most_bytes >> 20} MiB")
            if time.monotonic() > limit:
                raise UnreadableError(f"{self.kind} was still sending after {10 * self.timeout_seconds:.0f} s")
            parts.append(part)
        return b"".join(parts)
