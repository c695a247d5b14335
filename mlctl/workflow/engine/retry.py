"""Tries a failed template again, as its `retryStrategy` says."""

from __future__ import annotations

import asyncio
import os
import re
import time
from dataclasses import replace

from mlctl.workflow.engine.execute import Place, Work, runners
from mlctl.workflow.engine.node import Node, NodeKind, Phase
from mlctl.workflow.engine.session import Session
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.evaluate import evaluate
from mlctl.workflow.expression.namespace import Roots
from mlctl.workflow.model.template import Retry
from mlctl.workflow.scope import Scope
from mlctl.workflow.tags import fill_text


async def run_retrying(work: Work, session: Session) -> Node:
    """Run a template until it succeeds or may not be tried again; the node takes the last attempt's phase and outputs."""
    place, retry = work.place, work.template.retry
    assert retry is not None
    node = session.recorder.open(place.name, place.display, NodeKind.RETRY, work.template.name, place.parent)
    attempt, last = 0, None
    first_start = 0.0
    while True:
        child_place = Place(name=f"{place.name}({attempt})", display=f"{place.display}({attempt})", parent=node, boundary=place.boundary)
        scope = work.scope.inner({"retries": str(attempt), **_facts(last)})
        last = await runners()[work.template.kind](replace(work, scope=scope, place=child_place, in_retry=True), session)
        first_start = first_start or last.started
        node.outputs = last.outputs
        refusal = _why_not(retry, last, attempt, first_start, work.scope)
        if last.phase is Phase.SUCCEEDED or refusal is not None or session.stopping:
            message = last.message if not refusal else "; ".join(part for part in (last.message, refusal) if part)
            return session.recorder.close(node, last.phase, message)
        session.busy += 1
        try:
            await asyncio.sleep(max(0.0, last.finished + retry.pause(attempt) - time.time()))
        finally:
            session.busy -= 1
        attempt += 1


def _facts(last: Node | None) -> dict[str, str]:
    """What an attempt can see of the one before it."""
    if last is None:
        return {"lastRetry.exitCode": "0", "lastRetry.status": "", "lastRetry.duration": "0", "lastRetry.message": ""}
    code = last.outputs.exit_code
    return {
        "lastRetry.exitCode": "-1" if code is None else str(code),
        "lastRetry.status": str(last.phase),
        "lastRetry.duration": str(int(last.seconds)),
        "lastRetry.message": last.reason,
    }


def _why_not(retry: Retry, last: Node, attempt: int, first_start: float, scope: Scope) -> str | None:
    """Why a failed attempt is not followed by another; None if it is."""
    if last.phase is Phase.SUCCEEDED:
        return None
    if retry.limit is not None and attempt >= retry.limit:
        return "No more retries left"
    if not _policy_allows(retry.policy, last):
        return f"the retry policy {retry.policy} does not try {last.phase} again"
    if retry.expression is not None:
        try:
            if not _expression_allows(retry.expression, scope.inner(_facts(last))):
                return "the retry expression is false"
        except ExpressionError as error:
            return f"the retry expression cannot be evaluated: {error}"
    if retry.total is not None and last.finished + retry.pause(attempt) - first_start > retry.total:
        return "Backoff would exceed max duration limit"
    return None


def _policy_allows(policy: str, last: Node) -> bool:
    if policy == "OnFailure":
        return last.phase is Phase.FAILED
    if policy == "OnError":
        return last.phase is Phase.ERROR
    if policy == "OnTransientError":
        pattern = os.environ.get("TRANSIENT_ERROR_PATTERN")
        return bool(pattern) and re.search(str(pattern), last.reason) is not None
    return True


def _expression_allows(expression: str, scope: Scope) -> bool:
    value = evaluate(fill_text(expression, scope), Roots(scope))
    if not isinstance(value, bool):
        raise ExpressionError(f"`{expression}` gives {value!r}, neither true nor false")
    return value
