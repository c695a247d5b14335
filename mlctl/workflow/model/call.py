"""A call of a template: a step, a DAG task, a hook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlctl.workflow.model.artifact import Artifact
from mlctl.workflow.model.parameter import Parameter, Raw


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What a call hands to its template."""

    parameters: dict[str, Parameter]
    artifacts: dict[str, Artifact]

    @staticmethod
    def read(raw: Raw | None) -> Arguments:
        """From an `arguments`, `inputs` or `outputs` mapping."""
        parameters = [Parameter.read(item) for item in (raw or {}).get("parameters") or ()]
        artifacts = [Artifact.read(item) for item in (raw or {}).get("artifacts") or ()]
        return Arguments(parameters={p.name: p for p in parameters}, artifacts={a.name: a for a in artifacts})


@dataclass(frozen=True, kw_only=True)
class TemplateRef:
    """A template of another WorkflowTemplate or ClusterWorkflowTemplate."""

    name: str
    template: str
    cluster_scope: bool

    @staticmethod
    def read(raw: Raw | None) -> TemplateRef | None:
        """From a `templateRef` mapping."""
        if raw is None:
            return None
        return TemplateRef(name=raw.get("name", ""), template=raw.get("template", ""), cluster_scope=bool(raw.get("clusterScope")))


@dataclass(frozen=True, kw_only=True)
class Call:
    """One step, task or hook: what is called, with what, and when."""

    name: str
    template: str | None
    ref: TemplateRef | None
    inline: Raw | None
    arguments: Arguments
    when: str | None
    expression: str | None
    items: list[Any] | None
    items_from: str | None
    sequence: Raw | None
    continue_on_error: bool
    continue_on_failed: bool
    depends: str | None
    dependencies: tuple[str, ...]
    hooks: dict[str, Call]

    @staticmethod
    def read(raw: Raw, name: str | None = None) -> Call:
        """From a step, a task or a hook."""
        continue_on = raw.get("continueOn") or {}
        return Call(
            name=name or raw.get("name", ""),
            template=raw.get("template"),
            ref=TemplateRef.read(raw.get("templateRef")),
            inline=raw.get("inline"),
            arguments=Arguments.read(raw.get("arguments")),
            when=raw.get("when"),
            expression=raw.get("expression"),
            items=raw.get("withItems"),
            items_from=raw.get("withParam"),
            sequence=raw.get("withSequence"),
            continue_on_error=bool(continue_on.get("error")),
            continue_on_failed=bool(continue_on.get("failed")),
            depends=raw.get("depends"),
            dependencies=tuple(raw.get("dependencies") or ()),
            hooks=hooks_of(raw),
        )

    @property
    def loops(self) -> bool:
        """Whether the call is made once per item."""
        return self.items is not None or self.items_from is not None or self.sequence is not None


def hooks_of(raw: Raw) -> dict[str, Call]:
    """The hooks of a call or a workflow; `onExit` is the older way to write the hook `exit`."""
    hooks = {name: Call.read(hook, name) for name, hook in (raw.get("hooks") or {}).items()}
    if raw.get("onExit") and "exit" not in hooks:
        hooks["exit"] = Call.read({"template": raw["onExit"]}, "exit")
    return hooks
