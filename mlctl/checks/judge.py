"""Runs the rules over a plan, in this process, exactly as the engine runs them: same objects, same arguments."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from inspect import isawaitable
from pathlib import Path
from typing import Any

from pulumi_policy import ResourceValidationArgs, StackValidationArgs
from pulumi_policy.policy import ResourceValidationPolicy, StackValidationPolicy
from pulumi_policy.proxy import UnknownValueError

from mlctl.checks.arguments import Arguments
from mlctl.checks.discovery import SdkPolicy
from mlctl.checks.rule_facts import rule_facts
from mlctl.checks.verdict import RuleFacts, Tally, Verdict
from mlctl.config import Environment
from mlctl.finding import Enforcement, Status
from mlctl.plan.collector import collector_paused
from mlctl.plan.model import Plan, Resource, StackPlan


@collector_paused()
def judge(
    plan: Plan,
    environment: Environment,
    rules: Sequence[SdkPolicy],
    settings: Mapping[str, Any],
    *,
    environment_file: Path | None = None,
) -> Verdict:
    """Judge every stack of the plan.

    Parameters
    ----------
    rules
        From `mlctl.checks.discovery.find_rules`.
    settings
        From `mlctl.checks.settings.rule_settings`.
    environment_file
        Where findings about a model or the environment itself point.
    """
    facts = {rule.name: rule_facts(rule, environment.policy) for rule in rules}
    judgement = _Judgement(plan, facts, {"environment": settings}, environment_file)
    active = [rule for rule in rules if facts[rule.name].enforcement is not Enforcement.DISABLED]
    judgement.resources([rule for rule in active if isinstance(rule, ResourceValidationPolicy)])
    judgement.stacks([rule for rule in active if isinstance(rule, StackValidationPolicy)])
    passes = {rule.name: judgement.tally.passes[rule.name] for rule in active}
    return Verdict(findings=tuple(judgement.tally.findings), passes=passes, rules=facts)


class _Judgement:
    """One run."""

    def __init__(self, plan: Plan, facts: Mapping[str, RuleFacts], config: Mapping[str, Any], environment_file: Path | None) -> None:
        self._plan = plan
        self._facts = facts
        self._config = config
        self._environment_file = environment_file
        self._arguments = Arguments(plan)
        self.tally = Tally()

    def resources(self, rules: Sequence[ResourceValidationPolicy]) -> None:
        """Every resource by the rules of its type. Inputs that no rule judges are never wrapped."""
        by_type = _RulesByType(rules)
        for stack in self._plan.stacks:
            for resource in stack.resources:
                if wanted := by_type[resource.type]:
                    args = self._arguments.resource(resource, self._config)
                    for rule in wanted:
                        self._resource(rule, args, resource, stack)

    def _resource(self, rule: ResourceValidationPolicy, args: ResourceValidationArgs, resource: Resource, stack: StackPlan) -> None:
        messages: list[str] = []
        unknown = _run(rule, args, lambda message, _urn=None: messages.append(message))
        if unknown is None and not messages:
            self.tally.passes[rule.name] += 1
            return
        facts = self._facts[rule.name]
        place: dict[str, Any] = {"stack": stack.name, "file": resource.file, "line": resource.line}
        for message in dict.fromkeys(messages):
            self.tally.findings.append(facts.finding(Status.FAIL, resource.urn, message, **place))
        for _, problem in unknown or ():
            self.tally.findings.append(facts.finding(Status.NOT_EVALUATED, resource.urn, problem, **place))

    def stacks(self, rules: Sequence[StackValidationPolicy]) -> None:
        """Every stack by the stack rules; only resources of the types that some rule names are shown to them."""
        headers = [getattr(rule, "header", None) for rule in rules]
        kinds = {kind for header in headers if header is not None for kind in (*header.types, *header.related)}
        for stack in self._plan.stacks:
            if not stack.resources:
                continue
            shown = self._arguments.stack(stack.resources, kinds)
            plain = self._arguments.stack(stack.resources, ()) if any(header is None for header in headers) else []
            located = {resource.urn: resource for resource in stack.resources if resource.type in kinds or plain}
            for rule, header in zip(rules, headers, strict=True):
                if header is not None and header.stack not in (None, stack.name):
                    continue
                self._stack(rule, StackValidationArgs(plain if header is None else shown, self._config), stack, located)

    def _stack(self, rule: StackValidationPolicy, args: StackValidationArgs, stack: StackPlan, located: Mapping[str, Resource]) -> None:
        reported: dict[str | None, list[str]] = defaultdict(list)
        unknown = _run(rule, args, lambda message, urn=None: reported[urn].append(message))
        facts = self._facts[rule.name]
        for urn, messages in reported.items():
            place = self._place(urn, stack, located)
            for message in dict.fromkeys(messages):
                self.tally.findings.append(
                    facts.finding(Status.FAIL, *self._about(urn, message, stack), **self._place(urn, stack, located))
                )
        for urn, problem in unknown or ():
            place = self._place(urn, stack, located)
            self.tally.findings.append(facts.finding(Status.NOT_EVALUATED, urn or stack.name, problem, **place))
        self.tally.passes[rule.name] += self._passed(rule, located, set(reported) | {urn for urn, _ in unknown or ()})

    def _passed(self, rule: StackValidationPolicy, located: Mapping[str, Resource], spoken_of: set[str | None]) -> int:
        """Subjects of the rule that nothing was said about; a rule without subjects judges the stack as a whole."""
        header = getattr(rule, "header", None)
        if header is None or header.stack is not None:
            return 0 if spoken_of else 1
        return sum(1 for urn, resource in located.items() if resource.type in header.types and urn not in spoken_of)

    def _about(self, urn: str | None, message: str, stack: StackPlan) -> tuple[str, str]:
        """(what was judged, message). A model rule begins its message with `model <name>: `."""
        if urn is None and message.startswith("model ") and ": " in message:
            subject, _, rest = message.partition(": ")
            return subject.removeprefix("model "), rest
        return urn or stack.name, message

    def _place(self, urn: str | None, stack: StackPlan, located: Mapping[str, Resource]) -> dict[str, Any]:
        resource = located.get(urn or "")
        if resource is not None:
            return {"stack": stack.name, "file": resource.file, "line": resource.line}
        file = str(self._environment_file) if self._environment_file else None
        return {"stack": stack.name, "file": file, "line": 1 if file else None}


class _RulesByType(dict[str, list[ResourceValidationPolicy]]):
    """Type token → the rules that judge it. A plain CrossGuard policy, and one for a whole package, is asked type by type."""

    def __init__(self, rules: Sequence[ResourceValidationPolicy]) -> None:
        super().__init__()
        self._exact: dict[str, list[ResourceValidationPolicy]] = defaultdict(list)
        self._prefixes: list[tuple[str, ResourceValidationPolicy]] = []
        for rule in rules:
            header = getattr(rule, "header", None)
            for kind in ("*",) if header is None else header.types:
                if kind.endswith("*"):
                    self._prefixes.append((kind[:-1], rule))
                else:
                    self._exact[kind].append(rule)

    def __missing__(self, kind: str) -> list[ResourceValidationPolicy]:
        by_prefix = [rule for prefix, rule in self._prefixes if kind.startswith(prefix)]
        found = self[kind] = list(dict.fromkeys([*self._exact.get(kind, ()), *by_prefix]))
        return found


def _run(rule: Any, args: Any, report: Any) -> list[tuple[str | None, str]] | None:
    """Run one policy. None where it could be evaluated, else (URN, why not) of each subject that could not."""
    try:
        result = rule.validate(args, report)
        if result is not None and isawaitable(result):
            asyncio.run(_finish(result))
    except UnknownValueError as error:
        unknowns = getattr(error, "unknowns", None) or [(None, ".".join(error.props))]
        return [(urn, f"{path} is not known before the update") for urn, path in unknowns]
    except Exception as error:  # a rule is somebody's program: its fault must not pass for a pass
        if type(error).__name__ == "_NotApplicableError":
            return None
        return [(None, f"the rule itself failed: {type(error).__name__}: {error}")]
    return None


async def _finish(result: Any) -> None:
    await result
