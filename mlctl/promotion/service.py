"""An HTTP service that answers JSON, and all the ways in which it may not: one place that turns them into one kind of error."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from mlctl.errors import ServiceError

_AGAIN = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, headers and parsed body (None where it is empty)."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Service:
    """A base address with its headers."""

    name: str
    """What people call it: in messages."""
    base: str
    headers: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 3
    timeout: float = 20.0
    """Seconds, per attempt."""
    longest_wait: float = 30.0
    """Seconds between attempts at most, whatever the service asks for."""
    wait: Callable[[float], None] = time.sleep

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
        repeat: bool | None = None,
    ) -> Answer:
        """Send a request and return the answer; statuses of 400 and above only where `accept` lists them.

        A GET (or `repeat`) is tried again on 429, 5xx and broken connections; what may have had an effect is not.

        Raises
        ------
        ServiceError
            Not reachable, refused, rate-limited beyond patience, or no JSON.
        """
        again = method in ("GET", "PUT", "PATCH") if repeat is None else repeat
        problem = ""
        headers: Mapping[str, str] = {}
        for attempt in range(self.attempts if again else 1):
            if attempt:
                self.wait(self._pause(attempt, headers))
            response, problem, headers = self._once(method, path, json, query)
            if response is not None and (response.status < 400 or response.status in accept):
                return response
            if response is not None and not self._may_pass(response):
                break
        raise ServiceError(f"{self.name}: {method} {path}: {problem}", remedy=_remedy(problem))

    def _once(self, method: str, path: str, json: Any, query: Mapping[str, str] | None) -> tuple[Answer | None, str, Mapping[str, str]]:
        """(answer, what was wrong with it, its headers); no answer where there was none or it made no sense."""
        try:
            response = requests.request(
                method, self.base.rstrip("/") + path, json=json, params=query, headers=dict(self.headers), timeout=self.timeout
            )
        except requests.RequestException as error:
            return None, f"cannot be reached: {_reason(error)}", {}
        headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            body = response.json() if response.content else None
        except ValueError:
            if response.status_code < 400:
                return None, f"answered {response.status_code} with something that is no JSON", headers
            body = None
        problem = f"answered {response.status_code}{_said(body)}"
        return Answer(status=response.status_code, body=body, headers=headers), problem, headers

    def _may_pass(self, answer: Answer) -> bool:
        limited = answer.status == 403 and (answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers)
        return answer.status in _AGAIN or limited

    def _pause(self, attempt: int, headers: Mapping[str, str]) -> float:
        asked = headers.get("retry-after", "")
        return min(self.longest_wait, float(asked) if asked.isdigit() else 2.0 ** (attempt - 1))


def expect(service: Service, value: Any, kind: type, what: str) -> Any:
    """The value, where it is of the kind that was promised.

    Raises
    ------
    ServiceError
        It is not.
    """
    if not isinstance(value, kind):
        raise ServiceError(f"{service.name}: {what} is missing from the answer or is no {kind.__name__}")
    return value


def _said(body: Any) -> str:
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return f": {body['message'][:200]}"
    return ""


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__


def _remedy(problem: str) -> str:
    if "answered 401" in problem or "answered 403" in problem or "answered 404" in problem:
        return "check the token, its rights and the repository's name"
    return "try again; nothing was left half done"
