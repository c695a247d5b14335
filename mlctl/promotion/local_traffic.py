"""Splits generated requests between two served artefacts on this machine, and counts what each one answers.

A request whose challenger fails is asked of the champion at once, so that no caller notices.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from mlctl.errors import InputError, ServiceError
from mlctl.promotion.canary import Arm
from mlctl.promotion.counting import Count
from mlctl.promotion.watched import Watched, groups_of

_TIMEOUT = 10.0
_DOWN = 5
"""Requests in a row without any answer that mean the champion is down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent to `/invocations`, and whom the decision is about."""

    body: Any
    groups: tuple[str, ...] = ()
    """`attribute: value` of whom the decision is about; compared within each attribute."""
    key: str = ""


class LocalTraffic:
    """A router with a generator of requests.

    Parameters
    ----------
    champion, challenger
        Addresses of the two servers, without `/invocations`.
    slow_ms
        Answers later than this are slow.
    favourable
        The decision that is good for whom it is about; the others count as losses. None: nothing is known about decisions.
    batch
        Requests sent each time figures are asked for.
    """

    def __init__(
        self,
        champion: str,
        challenger: str,
        source: Sequence[Request],
        *,
        slow_ms: float,
        favourable: str | None = None,
        batch: int = 50,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if not source:
            raise InputError("there is no request to send", key="--requests")
        self._addresses = {"champion": champion.rstrip("/"), "challenger": challenger.rstrip("/")}
        self._source = enumerate(itertools.cycle(source))
        self._slow, self._favourable, self._batch, self._clock = slow_ms / 1000, favourable, batch, clock
        self._percent = 0
        self._counts = {"champion": Count(), "challenger": Count()}
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between two servers of this machine
        self.failed_for_callers: int | None = 0
        self._failed = 0
        """Requests that no server answered."""
        self._unanswered = 0

    def split(self, percent: int) -> None:
        self._percent = percent
        self._counts = {"champion": Count(), "challenger": Count()}

    def counts(self) -> tuple[Arm, Arm]:
        for _ in range(self._batch):
            number, request = next(self._source)
            self._serve(request, number)
        return self._counts["champion"].arm(), self._counts["challenger"].arm()

    def _serve(self, request: Request, number: int) -> None:
        name = "challenger" if _share(f"{request.key} {number}") < self._percent else "champion"
        answered = self._ask(name, request)
        if not answered and name == "challenger":
            answered = self._answer("champion", request)[0] is not None
        if answered:
            self._unanswered = 0
            return
        self._failed += 1
        self.failed_for_callers = self._failed
        self._unanswered += 1
        if self._unanswered == _DOWN:
            address = self._addresses["champion"]
            raise ServiceError(f"the champion at {address} does not answer", remedy="mend it first; a canary needs a champion")

    def _ask(self, name: str, request: Request) -> bool:
        """Send, count; whether there was an answer."""
        count = self._counts[name]
        rows, seconds = self._answer(name, request)
        count.requests += 1
        count.slow += seconds > self._slow
        if rows is None:
            count.errors += 1
            return False
        for row in rows:
            count.read(row, request.groups, self._favourable)
        return True

    def _answer(self, name: str, request: Request) -> tuple[list[Any] | None, float]:
        started = self._clock()
        try:
            response = self._session.post(f"{self._addresses[name]}/invocations", json=request.body, timeout=_TIMEOUT)
            body = response.json() if response.status_code == 200 else None
        except (requests.RequestException, ValueError):
            body = None
        seconds = self._clock() - started
        rows = body.get("predictions") if isinstance(body, dict) else body
        usable = isinstance(rows, list) and rows and not any(isinstance(row, dict) and row.get("error") for row in rows)
        return (rows if usable else None), seconds


def read_requests(path: Path, watched: Sequence[Watched] = ()) -> list[Request]:
    """One JSON object per line: `{"body": …, "groups": {"sex": "female", "age": 41}}`, `groups` optional.

    Parameters
    ----------
    watched
        Attributes whose groups are cut and left out as the model's file says; others are taken as they are given.

    Raises
    ------
    InputError
        A line is something else.
    """
    from mlctl.config.yaml_file import read_text

    found, known = [], {item.column for item in watched}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        try:
            value = json.loads(line)
            given = value.get("groups", {})
            others = tuple(f"{attribute}: {group}" for attribute, group in given.items() if attribute not in known)
            found.append(Request(body=value["body"], groups=groups_of(given, watched) + others, key=str(number)))
        except (ValueError, TypeError, KeyError, AttributeError):
            allowed = '{"body": what /invocations takes, "groups": {"attribute": "value"}, which may be left out}'
            raise InputError("is no request", file=path, line=number, allowed=allowed) from None
    return found


def _share(key: str) -> float:
    """A number in [0, 100) that is the same for the same key."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64 * 100
