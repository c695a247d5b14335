"""Each environment previewed, made and exported by the real engine, once per session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engine.broken_stack import Break
from tests.engine.pack_server import subject
from tests.engine.pulumi_engine import Ended, PulumiEngine


@dataclass(frozen=True, kw_only=True)
class EngineRun:
    """One environment, by stack. The engine stands where the last stack was made."""

    engine: PulumiEngine
    stacks: Sequence[str]
    previews: dict[str, Ended] = field(default_factory=dict)
    """Before the stack was made, with the policy pack, as `mlctl deploy` previews it."""
    updates: dict[str, Ended] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)
    broken: dict[str, Ended] = field(default_factory=dict)
    """The preview of the stack with some resources broken, before the stack was made; only where the test asks for it."""


@dataclass(kw_only=True)
class EngineRuns:
    """Two environments at a time: most of a run is the program and the provider waiting for each other."""

    binary: Path
    folder: Path
    stacks: Callable[[str], Sequence[str]]
    """Environment → its stacks, dependencies first."""
    policy_config: Callable[[str], Mapping[str, Any]]
    breaks: Callable[[str], Sequence[Break]]
    """Environment → what is broken there for a further preview; nothing where there is to be none."""
    environments: Sequence[str]
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=2))
    _runs: dict[str, Future[EngineRun]] = field(default_factory=dict)

    def of(self, environment: str) -> EngineRun:
        if not self._runs:
            given = [(name, self.stacks(name), self.policy_config(name), self.breaks(name)) for name in self.environments]
            self._runs = {item[0]: self._pool.submit(self._run, *item) for item in given}
        return self._runs[environment].result()

    def _run(self, environment: str, stacks: Sequence[str], config: Mapping[str, Any], breaks: Sequence[Break]) -> EngineRun:
        engine = PulumiEngine(self.binary, self.folder / environment, environment)
        engine.configure_policies(config)
        run = EngineRun(engine=engine, stacks=stacks)
        for stack in stacks:
            engine.init(stack)
            run.previews[stack] = engine.preview(stack, *engine.policies)
            if breaks:
                run.broken[stack] = engine.preview_broken(stack, [item for item in breaks if item.stack == stack])
            run.updates[stack] = engine.up(stack)
            run.exports[stack] = engine.export(stack)
        return run


@dataclass
class Judged:
    """What the policy pack said in an engine."""

    violations: set[tuple[str, str, str]] = field(default_factory=set)
    """Rule, what was judged, enforcement."""
    not_run: set[tuple[str, str]] = field(default_factory=set)
    """Rule and what was judged, where a value was not known."""

    def add(self, other: Judged) -> None:
        self.violations |= other.violations
        self.not_run |= other.not_run


def judged(events: Sequence[Mapping[str, Any]]) -> Judged:
    """From the engine's log of events."""
    said = Judged()
    for item in (event["policyEvent"] for event in events if event.get("policyEvent")):
        rule, urn, message = item["policyName"], item.get("resourceUrn", ""), item["message"]
        if "can't run policy" in message:
            said.not_run.add((rule, urn))
        else:
            said.violations.add((rule, subject(urn, message)[0], item["enforcementLevel"]))
    return said


def operations(events: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """URN → what the engine does with it (`create`, `same`, `update`, `replace`, `delete`)."""
    found = (event["resourcePreEvent"]["metadata"] for event in events if event.get("resourcePreEvent"))
    return {item["urn"]: item["op"] for item in found}
