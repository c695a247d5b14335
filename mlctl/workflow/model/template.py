"""A template: one kind of work, with what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mlctl.workflow.duration import seconds
from mlctl.workflow.model.call import Arguments, Call
from mlctl.workflow.model.command import Command
from mlctl.workflow.model.parameter import Raw

KINDS = ("container", "script", "dag", "steps", "suspend")


@dataclass(frozen=True, kw_only=True)
class Retry:
    """When a failed template is tried again. Times are in seconds; no limit means without end."""

    limit: int | None
    policy: str
    expression: str | None
    wait: float
    factor: float
    longest_wait: float | None
    total: float | None

    @staticmethod
    def read(raw: Raw | None) -> Retry | None:
        """From `retryStrategy`; raises ValueError where a number or duration is not one."""
        if raw is None:
            return None
        backoff = raw.get("backoff") or {}
        expression = raw.get("expression") or None
        limit = raw.get("limit")
        return Retry(
            limit=_number("limit", limit, int) if limit not in (None, "") else None,
            policy=raw.get("retryPolicy") or ("Always" if expression else "OnFailure"),
            expression=expression,
            wait=seconds(str(backoff.get("duration") or "0")),
            factor=_number("backoff.factor", backoff.get("factor") or 1, float),
            longest_wait=seconds(backoff["cap"]) if backoff.get("cap") else None,
            total=seconds(backoff["maxDuration"]) if backoff.get("maxDuration") else None,
        )

    def pause(self, attempt: int) -> float:
        """Seconds to wait after attempt number `attempt` (0 is the first)."""
        pause = self.wait * self.factor**attempt
        return min(pause, self.longest_wait) if self.longest_wait is not None else pause


_Number = TypeVar("_Number", int, float)


def _number(name: str, value: Any, kind: Callable[[Any], _Number]) -> _Number:
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise ValueError(f"retryStrategy.{name} is `{value}`, which is not a number") from None


@dataclass(frozen=True, kw_only=True)
class Memo:
    """Where the outputs of an earlier success are kept; `max_age` in seconds."""

    key: str
    cache: str
    max_age: float | None

    @staticmethod
    def read(raw: Raw | None) -> Memo | None:
        """From `memoize`."""
        if raw is None:
            return None
        config_map = (raw.get("cache") or {}).get("configMap") or {}
        age = raw.get("maxAge")
        return Memo(key=raw.get("key", ""), cache=config_map.get("name", ""), max_age=seconds(age, bare=False) if age else None)


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A mutex (`limit_ref` is None) or a semaphore whose limit stands in a ConfigMap."""

    name: str
    limit_ref: tuple[str, str] | None


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template with its variables filled in, or as written."""

    name: str
    kind: str
    inputs: Arguments
    outputs: Arguments
    command: Command | None
    steps: tuple[tuple[Call, ...], ...]
    tasks: tuple[Call, ...]
    target: str | None
    suspend_for: str | None
    retry: Retry | None
    timeout: float | None
    deadline: float | None
    parallelism: int | None
    stop_on_failure: bool
    memo: Memo | None
    locks: tuple[Lock, ...]
    raw: Raw

    @staticmethod
    def read(raw: Raw) -> Template:
        """From one entry of `templates`, already checked; raises ValueError where a number is not one."""
        kind = next((kind for kind in KINDS if raw.get(kind) is not None), "")
        dag = raw.get("dag") or {}
        body = raw.get(kind) if kind in ("container", "script") else None
        return Template(
            name=raw.get("name", ""),
            kind=kind,
            inputs=Arguments.read(raw.get("inputs")),
            outputs=Arguments.read(raw.get("outputs")),
            command=Command.read(body) if body is not None else None,
            steps=tuple(tuple(Call.read(step) for step in group) for group in raw.get("steps") or ()),
            tasks=tuple(Call.read(task) for task in dag.get("tasks") or ()),
            target=dag.get("target") or None,
            suspend_for=(raw.get("suspend") or {}).get("duration"),
            retry=Retry.read(raw.get("retryStrategy")),
            timeout=seconds(raw["timeout"], bare=False) if raw.get("timeout") else None,
            deadline=float(raw["activeDeadlineSeconds"]) if raw.get("activeDeadlineSeconds") is not None else None,
            parallelism=raw.get("parallelism"),
            stop_on_failure=bool(raw.get("failFast")),
            memo=Memo.read(raw.get("memoize")),
            locks=locks_of(raw.get("synchronization")),
            raw=raw,
        )


def locks_of(raw: Raw | None) -> tuple[Lock, ...]:
    """The mutexes and semaphores of a `synchronization` mapping, sorted so that they are always taken in one order."""
    raw = raw or {}
    mutexes = [*(raw.get("mutexes") or ()), *([raw["mutex"]] if raw.get("mutex") else ())]
    found = [Lock(name=mutex.get("name", ""), limit_ref=None) for mutex in mutexes]
    for semaphore in [*(raw.get("semaphores") or ()), *([raw["semaphore"]] if raw.get("semaphore") else ())]:
        ref = semaphore.get("configMapKeyRef") or {}
        name, key = ref.get("name", ""), ref.get("key", "")
        found.append(Lock(name=f"{name}.{key}", limit_ref=(name, key)))
    return tuple(sorted(found, key=lambda lock: lock.name))
