"""An HTTP service that answers JSON, and all the ways in which it may not: one place that turns them into one kind of error."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from mlctl.errors import ServiceError

_AGAIN = (429, 500, 502, 503, 504)
_HOUR = 3600.0


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
    """Seconds between attempts at most. Where the service asks for more, it is not asked again."""
    wait: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    """Seconds since 1970, as `x-ratelimit-reset` counts."""

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

        A GET (or `repeat`) is tried again on 5xx and broken connections; what may have had an effect is not. Whatever was refused for the
        number of requests is sent again after the time the service asks for.

        Raises
        ------
        ServiceError
            Not reachable, refused, rate-limited beyond patience, or no JSON.
        """
        again = method in ("GET", "PUT", "PATCH") if repeat is None else repeat
        problem = ""
        for attempt in range(1, self.attempts + 1):
            response, problem, headers = self._once(method, path, json, query)
            if response is not None and (response.status < 400 or response.status in accept):
                return response
            limited = response is not None and _limited(response)
            if attempt == self.attempts or not (limited or (again and (response is None or response.status in _AGAIN))):
                break
            seconds = _asked_wait(headers, self.now()) if limited else None
            if seconds is not None and seconds > self.longest_wait:
                problem += f"; it asks to wait {math.ceil(seconds)} s"
                break
            self.wait(seconds if seconds is not None else min(self.longest_wait, 2.0 ** (attempt - 1)))
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


def _limited(answer: Answer) -> bool:
    """Whether the service refused for the number of requests. Such a request had no effect, so that any may be sent again.

    GitHub's limits: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    said = answer.body.get("message", "") if isinstance(answer.body, dict) else ""
    marked = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers or "rate limit" in str(said).lower()
    return answer.status == 429 or (answer.status == 403 and marked)


def _asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the service asks for; None where it names none, or a time that makes no sense here (clocks differ)."""
    asked = headers.get("retry-after", "")
    if asked.isdigit():
        return float(asked)
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit() and 0 <= float(reset) - now <= _HOUR:
        return float(reset) - now
    return None


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
    if "rate limit" in problem or "asks to wait" in problem:
        return "wait, and run the same command again; nothing was left half done"
    if "answered 401" in problem or "answered 403" in problem or "answered 404" in problem:
        return "check the token, its rights and the repository's name"
    return "try again; nothing was left half done"
