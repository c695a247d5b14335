"""The plan: every resource that a program registers, with where it was written and what is not known yet.

It is the hub of the tool. The offline planner, `pulumi preview --json`, `pulumi stack export` and a saved plan all end in a `Plan`;
policies, Checkov, cost, diagram and report all begin from one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's own marker for a value that is known only after the update."""

SECRET = "[secret]"
"""What stands where a secret stood. Secrets never enter a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One registered resource.

    `inputs` and `outputs` are JSON values with camelCase keys, as the engine sees them. Whole numbers are `int`.
    A string that the cloud computes is a placeholder (`mlctl.plan.placeholder`), a number or boolean is `UNKNOWN`.
    """

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    custom: bool = True
    external: bool = False
    parent: str | None = None
    provider: str | None = None
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool = False
    ignore_changes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    computed: frozenset[str] = frozenset()
    """Paths of inputs (`subnetIds[0]`, `tags.Name`) whose whole value is known only after the update."""
    partial: frozenset[str] = frozenset()
    """Paths of input strings that are known but for parts that the cloud computes: a policy document that names an ARN."""
    secret: frozenset[str] = frozenset()
    """Paths of inputs that were secret and are `SECRET` here."""
    outputs_registered: bool = False
    """Whether a component ended with `register_outputs`."""
    file: str | None = None
    """Where the program wrote it, relative to the repository where it lies inside."""
    line: int | None = None

    @property
    def package(self) -> str:
        """`aws` of `aws:s3/bucket:Bucket`."""
        return self.type.split(":", 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackError:
    """Why a stack could not be planned. `traceback` is the user's own, ours cut away."""

    problem: str
    file: str | None = None
    line: int | None = None
    key: str | None = None
    allowed: str | None = None
    remedy: str | None = None
    traceback: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """One program planned for one environment."""

    name: str
    """The Pulumi project, which is the folder's name under stacks/."""
    environment: str
    """The Pulumi stack name."""
    resources: tuple[Resource, ...] = ()
    exports: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    """Names of the stacks whose exports it reads."""
    errors: tuple[StackError, ...] = ()
    messages: tuple[str, ...] = ()
    """What the program logged (pulumi.log), one line each."""
    folder: str | None = None
    seconds: float = 0.0

    @property
    def status(self) -> str:
        return "failed" if self.errors else "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All stacks of one environment, in dependency order."""

    environment: str
    stacks: tuple[StackPlan, ...]
    source: str = "offline"
    """`offline`, `preview`, `export` or `file`."""

    def resources(self) -> Iterator[Resource]:
        for stack in self.stacks:
            yield from stack.resources

    def stack_of(self) -> dict[str, str]:
        """URN → stack name."""
        return {resource.urn: stack.name for stack in self.stacks for resource in stack.resources}
