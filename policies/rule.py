"""What a rule is: a CrossGuard policy that also carries what a reader needs (why, how to mend, one allowed and one disallowed sample).

Rule
├── ResourceRule   judges one resource by its inputs
├── RelationRule   judges one resource by the others of its stack: a bucket and its access block
├── StackRule      judges a whole stack: there is a budget for each team
└── ModelRule      judges a model that serves in the environment: its evidence and its definition

Each is a `pulumi_policy` policy, so the same object runs in the engine's pack and in the gate. A rule that was given no
environment reports a violation: enforcement never depends on somebody remembering `--policy-pack-config`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import Severity as SdkSeverity
from pulumi_policy.proxy import UnknownValueError

from mlctl.finding import Enforcement, Severity
from policies.settings import Settings
from policies.stack import Stack

UNCONFIGURED = "the policy pack was started without its configuration; run `mlctl policies config --env ENV` and pass --policy-pack-config"

CONFIGURATION = PolicyConfigSchema(
    properties={"environment": {"type": "object"}, "waived": {"type": "array", "items": {"type": "string"}}}, required=["environment"]
)
"""The engine refuses to start a policy whose required configuration is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One resource of a sample stack. `refers` says which properties are outputs of which other parts, by name."""

    type: str
    name: str
    props: Mapping[str, Any] = field(default_factory=dict)
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands above a predicate. `id` is provider, resource, demand; it never changes once published."""

    id: str
    title: str
    severity: Severity
    why: str
    remediation: str
    types: tuple[str, ...] = ()
    """Type tokens that the rule judges; `aws:*` stands for a whole package."""
    related: tuple[str, ...] = ()
    """Further types that a relation or stack rule reads."""
    stack: str | None = None
    """Judge only in the Pulumi project of this name."""
    allowed: Any
    """A sample that passes: inputs, parts of a stack, or a model."""
    disallowed: Any
    """A sample that fails."""
    sample_settings: Mapping[str, Any] = field(default_factory=dict)
    """What differs from `policies.sample.SETTINGS` where the samples are judged."""
    enforcement: Enforcement = Enforcement.MANDATORY

    def sdk(self) -> dict[str, Any]:
        """The header as the policy SDK wants it."""
        return {
            "name": self.id,
            "description": self.why,
            "display_name": self.title,
            "severity": SdkSeverity(self.severity.value),
            "enforcement_level": EnforcementLevel(self.enforcement.value),
            "remediation_steps": self.remediation,
            "config_schema": CONFIGURATION,
        }


def unless_waived(config: Mapping[str, Any], report: ReportViolation, subject: str | None = None) -> ReportViolation:
    """Reports what no waiver covers. The engine is given the waivers in the configuration; the gate is not: it shows what it waives.

    Parameters
    ----------
    subject
        URN or model that the rule judges, where the report itself names none.
    """
    patterns: Sequence[str] = config.get("waived") or ()

    def report_unwaived(message: str, urn: str | None = None) -> None:
        judged = urn or subject or ""
        if not any(fnmatchcase(name, pattern) for pattern in patterns for name in (judged, judged.rpartition("::")[2])):
            report(message, urn)

    return report_unwaived


class UnknownInStackError(UnknownValueError):
    """A rule met values it cannot know. `unknowns` says on which resource (its URN) and at which path."""

    def __init__(self, first: UnknownValueError, unknowns: list[tuple[str, str]]) -> None:
        super().__init__(first.unknown_type_sentinel, first.props)
        self.unknowns = unknowns


class ResourceRule(ResourceValidationPolicy):
    """Judges one resource by its inputs. The predicate yields one message per violation."""

    def __init__(self, header: Header, predicate: Callable[[ResourceValidationArgs], Iterable[str]]) -> None:
        super().__init__(validate=self._judge, **header.sdk())
        self.header = header
        self._exact = frozenset(header.types)
        self._prefixes = tuple(kind[:-1] for kind in header.types if kind.endswith("*"))
        self._predicate = predicate

    def _judge(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in self._exact and not args.resource_type.startswith(self._prefixes or ("\0",)):
            return
        if not args.get_config():
            report(UNCONFIGURED, None)
            return
        report = unless_waived(args.get_config(), report, args.urn)
        for message in self._predicate(args):
            report(message, None)


class RelationRule(StackValidationPolicy):
    """Judges one resource by the others of its stack."""

    def __init__(self, header: Header, predicate: Callable[[PolicyResource, Stack], Iterable[str]]) -> None:
        super().__init__(validate=self._judge, **header.sdk())
        self.header = header
        self._predicate = predicate

    def _judge(self, args: StackValidationArgs, report: ReportViolation) -> None:
        if not args.get_config():
            report(UNCONFIGURED, None)
            return
        report, stack = unless_waived(args.get_config(), report), Stack.of(args)
        unknowns: list[tuple[str, str]] = []
        first: UnknownValueError | None = None
        for subject in stack.resources(*self.header.types):
            try:
                for message in self._predicate(subject, stack):
                    report(message, subject.urn)
            except UnknownValueError as error:
                first = first or error
                unknowns.append((subject.urn, ".".join(error.props)))
        if first:
            raise UnknownInStackError(first, unknowns)


class StackRule(StackValidationPolicy):
    """Judges a whole stack, in the project that `header.stack` names."""

    def __init__(self, header: Header, predicate: Callable[[Stack], Iterable[str]]) -> None:
        super().__init__(validate=self._judge, **header.sdk())
        self.header = header
        self._predicate = predicate

    def _judge(self, args: StackValidationArgs, report: ReportViolation) -> None:
        if not args.get_config():
            report(UNCONFIGURED, None)
            return
        stack = Stack.of(args)
        if self.header.stack is not None and stack.project != self.header.stack:
            return
        for message in self._predicate(stack):
            report(message, None)


class ModelRule(StackValidationPolicy):
    """Judges every model that the environment serves; models come with the configuration, not with the resources."""

    judges_models = True

    def __init__(self, header: Header, predicate: Callable[[Mapping[str, Any], Settings], Iterable[str]]) -> None:
        super().__init__(validate=self._judge, **header.sdk())
        self.header = header
        self._predicate = predicate

    def _judge(self, args: StackValidationArgs, report: ReportViolation) -> None:
        if not args.get_config():
            report(UNCONFIGURED, None)
            return
        if args.resources and Stack.of(args).project != self.header.stack:
            return
        settings = Settings(args.get_config())
        for name, model in settings.models.items():
            unwaived = unless_waived(args.get_config(), report, name)
            for message in self._predicate(model, settings):
                unwaived(f"model {name}: {message}", None)


Rule = ResourceRule | RelationRule | StackRule | ModelRule
RULE_TYPES = (ResourceRule, RelationRule, StackRule, ModelRule)
Predicate = TypeVar("Predicate", bound=Callable[..., Iterable[str]])


def resource_rule(**header: Any) -> Callable[[Callable[[ResourceValidationArgs], Iterable[str]]], ResourceRule]:
    """Put above a predicate over one resource; takes the fields of `Header`."""
    return lambda predicate: ResourceRule(Header(**header), predicate)


def relation_rule(**header: Any) -> Callable[[Callable[[PolicyResource, Stack], Iterable[str]]], RelationRule]:
    """Put above a predicate over one resource and its stack; takes the fields of `Header`."""
    return lambda predicate: RelationRule(Header(**header), predicate)


def stack_rule(**header: Any) -> Callable[[Callable[[Stack], Iterable[str]]], StackRule]:
    """Put above a predicate over a stack; takes the fields of `Header`."""
    return lambda predicate: StackRule(Header(**header), predicate)


def model_rule(**header: Any) -> Callable[[Callable[[Mapping[str, Any], Settings], Iterable[str]]], ModelRule]:
    """Put above a predicate over one served model; takes the fields of `Header`."""
    return lambda predicate: ModelRule(Header(stack="serving", **header), predicate)
