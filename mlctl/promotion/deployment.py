"""Runs the Pulumi engine over the stacks of one environment, in the order the plan found, always with the policy pack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlctl.config.environment import Environment
from mlctl.errors import BlockedError, InputError, ServiceError

_QUIET = ("same", "read", "refresh")
"""Operations of a refresh that are no drift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What is no longer as it was deployed, of one stack."""

    stack: str
    changes: Mapping[str, int]
    """Operation → how many resources."""
    resources: tuple[str, ...]
    """`operation urn`."""


class Deployment:
    """The stacks of one environment.

    Parameters
    ----------
    stacks
        Names, dependencies first.
    policy_config
        What `mlctl policies config` writes.
    """

    def __init__(self, root: Path, environment: Environment, stacks: Sequence[str], policy_config: Path) -> None:
        self._root, self._environment, self._stacks, self._policy_config = root, environment, stacks, policy_config

    def preview(self, plans: Path | None = None) -> None:
        """Preview each stack; with `plans`, save what was previewed as `<stack>.json` there.

        Raises
        ------
        ServiceError
            The engine failed, or a rule refused.
        """
        for stack in self._stacks:
            saved = ["--save-plan", str(plans / f"{stack}.json")] if plans else []
            self._run(stack, "preview", *self._policies(), *saved)

    def up(self, plans: Path, *, done: list[str]) -> None:
        """Update each stack in turn, exactly as previewed; stop at the first that fails. `done` tells how far it came.

        A stack whose plan lies in `plans` was previewed for people to look at, and is updated by that plan, unless a stack before it has
        changed what it exports by now. Then, and where there is no plan, it is previewed just before its update; in production that was
        not what people looked at, so it stops.

        Raises
        ------
        BlockedError
            A plan for production is out of date.
        ServiceError
            A stack failed; the message says which were deployed and which were not begun.
        """
        changed: list[str] = []
        for number, stack in enumerate(self._stacks):
            plan = plans / f"{stack}.json"
            seen = plan.exists()
            try:
                before = self._exports(stack) if seen else {}
                if changed and seen:
                    self._out_of_date(stack, changed, done)
                if changed or not seen:
                    self._run(stack, "preview", *self._policies(), "--save-plan", str(plan))
                self._run(stack, "up", "--yes", "--skip-preview", *self._policies(), "--plan", str(plan))
                if seen and self._exports(stack) != before:
                    changed.append(stack)
            except ServiceError as error:
                rest = ", ".join(self._stacks[number + 1 :]) or "none"
                raise ServiceError(
                    f"{error.problem}; deployed before it: {', '.join(done) or 'none'}; not begun: {rest}",
                    remedy="mend the cause and run the same command again: what is deployed is left as it is",
                ) from None
            done.append(stack)

    def _out_of_date(self, stack: str, changed: Sequence[str], done: Sequence[str]) -> None:
        what = f"{', '.join(changed)} exports something else since {stack} was previewed"
        if self._environment.production:
            remedy = "run the same workflow again: it previews what is left, for people to look at"
            raise BlockedError(f"{what}; deployed: {', '.join(done)}; not begun: {', '.join(self._stacks[len(done) :])}", remedy=remedy)
        print(f"{what}: previewed again", file=sys.stderr)

    def _exports(self, stack: str) -> dict[str, Any]:
        """Empty where there is no such stack yet."""
        try:
            return self.outputs(stack)
        except ServiceError:
            return {}

    def drift(self) -> list[Drift]:
        """What a refresh would change, of each stack that has drifted. Changes nothing."""
        found = []
        for stack in self._stacks:
            text = self._run(stack, "refresh", "--preview-only", "--json", capture=True)
            changes, resources = _changes(text, stack)
            if changes:
                found.append(Drift(stack=stack, changes=changes, resources=resources))
        return found

    def outputs(self, stack: str) -> dict[str, Any]:
        """The exports of a stack."""
        try:
            value = json.loads(self._run(stack, "stack", "output", "--json", capture=True, interactive_flag=False))
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise ServiceError(f"pulumi stack output of {stack} is no JSON object", remedy="run it by hand")
        return value

    def _policies(self) -> tuple[str, ...]:
        return "--policy-pack", str(self._root / "policies" / "pack"), "--policy-pack-config", str(self._policy_config)

    def _run(self, stack: str, command: str, *arguments: str, capture: bool = False, interactive_flag: bool = True) -> str:
        folder = self._root / "stacks" / stack
        flags = ["--non-interactive"] if interactive_flag else []
        line = ["pulumi", "--cwd", str(folder), command, *arguments, "--stack", self._environment.name, *flags]
        try:
            done = subprocess.run(line, env=self._variables(), check=False, text=True, stdin=subprocess.DEVNULL, capture_output=capture)
        except FileNotFoundError:
            raise InputError("pulumi is not installed", remedy="https://www.pulumi.com/docs/install/") from None
        if done.returncode:
            reason = f": {' '.join((done.stderr or '').split())[-300:]}" if capture else ""
            raise ServiceError(f"pulumi {command} of {stack} in {self._environment.name} ended with status {done.returncode}{reason}")
        return done.stdout or ""

    def _variables(self) -> dict[str, str]:
        """State lies where docs/how-to-first-deployment.md puts it. Saved plans are still marked experimental by the engine."""
        place = self._environment
        state = f"s3://{place.prefix}-state-{place.account}?region={place.region}"
        return {"PULUMI_BACKEND_URL": state, **os.environ, "PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_UPDATE_CHECK": "true"}


def drift_report(environment: str, drifts: Sequence[Drift]) -> str:
    """Markdown for the issue."""
    lines = [f"What runs in `{environment}` is no longer what was deployed.", ""]
    for drift in drifts:
        counts = ", ".join(f"{count} {operation}" for operation, count in sorted(drift.changes.items()))
        lines += [f"### {drift.stack}: {counts}", "", *(f"- `{resource}`" for resource in drift.resources[:50]), ""]
        if len(drift.resources) > 50:
            lines += [f"and {len(drift.resources) - 50} more", ""]
    lines += [f"Either change the code to match, or put it back: `mlctl deploy up --env {environment}`."]
    return "\n".join(lines) + "\n"


def choose_stacks(order: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The wanted stacks in the order; all where none is wanted.

    Raises
    ------
    InputError
        There is no such stack.
    """
    for name in wanted:
        if name not in order:
            raise InputError(f"there is no stack {name!r}", key="--stack", allowed=", ".join(order))
    return [name for name in order if not wanted or name in wanted]


def github_roles(environment: Environment) -> dict[str, str]:
    """What a workflow needs to know to act in an environment; the names are those of infra/identity and infra/context.py."""
    role = f"arn:aws:iam::{environment.account}:role/{environment.prefix}-github"
    return {
        "environment": environment.name,
        "region": environment.region,
        "preview_role": f"{role}-preview",
        "deploy_role": f"{role}-deploy",
        "audit_bucket": f"{environment.prefix}-audit-{environment.account}",
    }


def refuse_drift(drifts: Sequence[Drift], environment: str) -> None:
    """BlockedError where anything drifted."""
    if drifts:
        raise BlockedError(f"{environment} has drifted in {', '.join(drift.stack for drift in drifts)}")


def _changes(text: str, stack: str) -> tuple[dict[str, int], tuple[str, ...]]:
    try:
        value = json.loads(text[text.index("{") :])
        summary = value["changeSummary"]
        changes = {str(name): int(count) for name, count in summary.items() if name not in _QUIET and count}
        steps = [step for step in value.get("steps", []) if step.get("op") not in _QUIET]
        return changes, tuple(sorted(f"{step['op']} {step['urn']}" for step in steps))
    except (ValueError, KeyError, TypeError, AttributeError):
        remedy = "run it by hand: pulumi refresh --preview-only --json"
        raise ServiceError(f"what pulumi says about {stack} is not the JSON that was expected", remedy=remedy) from None
