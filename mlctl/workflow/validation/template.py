"""One template: its numbers, its names, its calls and every variable in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mlctl.workflow.catalog import Catalog, Found
from mlctl.workflow.model.call import Arguments, Call
from mlctl.workflow.model.parameter import Parameter, Raw
from mlctl.workflow.model.template import Template
from mlctl.workflow.tags import strings_in
from mlctl.workflow.validation.calls import check_arguments, sibling_of
from mlctl.workflow.validation.graph import check_graph
from mlctl.workflow.validation.interface import check_config_map, check_limit
from mlctl.workflow.validation.known import Known, Sibling, expression_problem, text_problem
from mlctl.workflow.validation.never import Values, never_made
from mlctl.workflow.yaml_document import Path_

Reach = Callable[[Found, str | None], None]
"""Told of each template that is called, and under which condition."""

POLICIES = ("Always", "OnFailure", "OnError", "OnTransientError")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_SKIPPED = ("steps", "dag", "metrics", "outputs", "retryStrategy")


class TemplateCheck:
    """Checks one template in the place it was found."""

    def __init__(self, found: Found, catalog: Catalog, global_names: Known, values: Values) -> None:
        self._found, self._values = found, values
        self._catalog = catalog
        self._document = found.owner.document
        self._path = found.path
        self._template = self._read()
        self._known = self._base(global_names)

    def run(self, reach: Reach) -> None:
        """Check the template, and hand every template it calls to `reach`."""
        self._check_interface()
        self._check_numbers()
        raw = {key: value for key, value in self._found.raw.items() if key not in _SKIPPED}
        self._check_strings(raw, self._path, self._known)
        self._check_retry()
        after = self._known
        if self._template.kind == "steps":
            after = self._check_steps(reach)
        elif self._template.kind == "dag":
            after = self._check_dag(reach)
        self._check_outputs(after)

    def _read(self) -> Template:
        try:
            return Template.read(_without_tags(self._found.raw))
        except ValueError as error:
            raise self._document.error(self._path, f"template `{self._found.raw.get('name')}`: {error}") from None

    def _base(self, global_names: Known) -> Known:
        names = set(global_names.names) | {"inputs.parameters", "inputs.artifacts", "node.name"}
        names |= {f"inputs.parameters.{name}" for name in self._template.inputs.parameters}
        for name in self._template.inputs.artifacts:
            names |= {f"inputs.artifacts.{name}", f"inputs.artifacts.{name}.path"}
        names |= {f"outputs.artifacts.{name}.path" for name in self._template.outputs.artifacts}
        names |= {f"outputs.parameters.{name}.path" for name in self._template.outputs.parameters}
        if self._template.kind in ("container", "script"):
            names.add("pod.name")
        if self._template.retry:
            names |= {"retries", *(f"lastRetry.{fact}" for fact in ("exitCode", "status", "duration", "message"))}
        return Known(frozenset(names), sibling_kind="tasks" if self._template.kind == "dag" else "steps")

    def _check_interface(self) -> None:
        process = self._template.kind in ("container", "script")
        for parameter in self._template.inputs.parameters.values():
            if parameter.given is None:
                check_config_map(self._catalog, parameter, self._document, (*self._path, "inputs"))
        for side in ("inputs", "outputs"):
            for kind in ("parameters", "artifacts"):
                entries = (self._found.raw.get(side) or {}).get(kind) or ()
                seen: set[str] = set()
                for index, entry in enumerate(entries):
                    at = (*self._path, side, kind, index)
                    name = entry.get("name") or ""
                    if not _NAME.fullmatch(name) or name in seen:
                        problem = f"there are two {kind} `{name}`" if name in seen else f"`{name}` is not a name"
                        raise self._document.error(at, problem)
                    seen.add(name)
                    if side == "inputs" and entry.get("valueFrom") == {}:
                        raise self._document.error((*at, "valueFrom"), "names no source")
                    if process and kind == "artifacts" and not entry.get("path"):
                        raise self._document.error(at, f"artifact `{name}` needs a `path`")
                    path = entry.get("path") or (entry.get("valueFrom") or {}).get("path") or ""
                    if ".." in path.split("/"):
                        raise self._document.error(at, f"the path {path} leads out of the step's folder")

    def _check_numbers(self) -> None:
        template = self._template
        for key in ("timeout", "activeDeadlineSeconds"):
            if template.kind in ("steps", "dag") and self._found.raw.get(key) is not None:
                raise self._document.error((*self._path, key), f"a {template.kind} template has no `{key}`",
                                           remedy="set it on the templates it calls, or on the whole workflow")  # fmt: skip
        if template.parallelism is not None and template.parallelism < 1:
            raise self._document.error((*self._path, "parallelism"), "is less than 1")
        if template.memo and not template.memo.cache:
            raise self._document.error((*self._path, "memoize"), "names no cache", allowed="cache.configMap.name")
        for lock in template.locks:
            check_limit(self._catalog, lock.limit_ref, (*self._path, "synchronization"))

    def _check_retry(self) -> None:
        retry = self._template.retry
        raw = self._found.raw.get("retryStrategy")
        if retry is None or raw is None:
            return
        at = (*self._path, "retryStrategy")
        if retry.policy not in POLICIES:
            raise self._document.error((*at, "retryPolicy"), f"`{retry.policy}`", allowed=", ".join(POLICIES))
        self._check_strings({key: value for key, value in raw.items() if key != "expression"}, at, self._known)
        self._check_expression(retry.expression, (*at, "expression"), self._known)

    def _check_strings(self, value: Any, path: Path_, known: Known) -> None:
        for place, text in strings_in(value, path):
            if "{{" in text and (problem := text_problem(text, known)):
                raise self._document.error(place, problem)

    def _check_expression(self, text: str | None, path: Path_, known: Known) -> None:
        if text is None:
            return
        problem = text_problem(text, known) if "{{" in text else expression_problem(text, known)
        if problem:
            raise self._document.error(path, problem)

    def _check_steps(self, reach: Reach) -> Known:
        siblings: dict[str, Sibling] = {}
        for group_index, group in enumerate(self._template.steps):
            visible = replace(self._known, siblings=dict(siblings))
            for index, step in enumerate(group):
                at = (*self._path, "steps", group_index, index)
                if step.name in siblings and any(step.name == other.name for other in self._before(group_index, index)):
                    raise self._document.error((*at, "name"), f"there are two steps `{step.name}`")
                raw = self._found.raw["steps"][group_index][index]
                siblings[step.name] = self._check_call(step, raw, at, visible, reach)
        return replace(self._known, siblings=siblings)

    def _before(self, group_index: int, index: int) -> list[Call]:
        groups = self._template.steps
        return [step for group in groups[:group_index] for step in group] + list(groups[group_index][:index])

    def _check_dag(self, reach: Reach) -> Known:
        names = [task.name for task in self._template.tasks]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise self._document.error((*self._path, "dag", "tasks", index), f"there are two tasks `{name}`")
        self._check_strings(self._template.target, (*self._path, "dag", "target"), self._known)
        ancestors = check_graph(self._template, self._document, self._path)
        siblings: dict[str, Sibling] = {}
        places = {task.name: (*self._path, "dag", "tasks", index) for index, task in enumerate(self._template.tasks)}
        for task in self._template.tasks:
            siblings[task.name] = sibling_of(self._catalog.resolve(task, self._found.owner, places[task.name]), task)
        for index, task in enumerate(self._template.tasks):
            seen = {name: siblings[name] for name in names if name in ancestors[task.name]}
            raw = self._found.raw["dag"]["tasks"][index]
            self._check_call(task, raw, places[task.name], replace(self._known, siblings=seen), reach)
        return replace(self._known, siblings=siblings)

    def _check_call(self, call: Call, raw: Raw, at: Path_, known: Known, reach: Reach) -> Sibling:
        if not _NAME.fullmatch(call.name):
            raise self._document.error((*at, "name"), f"`{call.name}` is not a name: letters, digits, `-` and `_` only")
        self._check_given(raw.get("arguments") or {}, (*at, "arguments"))
        if sum(loop is not None for loop in (call.items, call.items_from, call.sequence)) > 1:
            raise self._document.error(at, "only one of withItems, withParam and withSequence can be used")
        found = self._catalog.resolve(call, self._found.owner, at)
        never = never_made(call, self._values)
        if not never:
            check_arguments(found, call.arguments, self._document, at, call.name)
        own_name = known.names | {f"{known.sibling_kind}.name"}
        known = replace(known, names=own_name)
        self._check_loop(call, raw, at, known)
        inside = replace(known, item=call.loops, item_fields=_fields_of(call.items))
        plain = {key: raw[key] for key in ("arguments", "when", "template", "templateRef") if raw.get(key) is not None}
        self._check_strings(plain, at, inside)
        for parameter in call.arguments.parameters.values():
            self._check_expression(_expression_of(parameter), at, inside)
        for artifact in call.arguments.artifacts.values():
            self._check_expression(artifact.expression, at, inside)
            if artifact.sub_path and artifact.source and inside.is_packed(artifact.source):
                remedy = "give the output `archive: {none: {}}`"
                raise self._document.error(at, f"`{artifact.source}` is stored as one archive: it has no subPath", remedy=remedy)
        if not never:
            reach(found, call.when)
        sibling = sibling_of(found, call)
        self._check_hooks(call, at, replace(inside, siblings={**known.siblings, call.name: sibling}), raw, reach)
        return sibling

    def _check_given(self, arguments: Raw, at: Path_) -> None:
        for kind in ("parameters", "artifacts"):
            names = [item.get("name") for item in arguments.get(kind) or ()]
            for index, name in enumerate(names):
                if name in names[:index]:
                    raise self._document.error((*at, kind, index), f"there are two {kind} `{name}`")
        for index, item in enumerate(arguments.get("parameters") or ()):
            if item.get("value") is None and not item.get("valueFrom"):
                raise self._document.error((*at, "parameters", index), f"parameter `{item['name']}` has no value")

    def _check_loop(self, call: Call, raw: Raw, at: Path_, known: Known) -> None:
        for key in ("withItems", "withParam", "withSequence"):
            if raw.get(key) is not None:
                self._check_strings(raw[key], (*at, key), known)
        if call.sequence is not None and (call.sequence.get("count") is None) == (call.sequence.get("end") is None):
            raise self._document.error((*at, "withSequence"), "needs `count` or `end`, and not both")

    def _check_hooks(self, call: Call, at: Path_, known: Known, raw: Raw, reach: Reach) -> None:
        known = replace(known, hidden=frozenset([f"{known.sibling_kind}.{call.name}.outputs.result"]))
        for name, hook in call.hooks.items():
            place = (*at, "hooks", name)
            if name != "exit" and not hook.expression:
                raise self._document.error(place, f"the hook `{name}` needs an `expression`", allowed="only `exit` does not")
            found = self._catalog.resolve(hook, self._found.owner, place)
            check_arguments(found, hook.arguments, self._document, place, f"{call.name}.hooks.{name}")
            self._check_expression(hook.expression, (*place, "expression"), known)
            raw_arguments = (raw.get("hooks") or {}).get(name, {}).get("arguments") or {}
            self._check_given(raw_arguments, (*place, "arguments"))
            self._check_strings(raw_arguments, (*place, "arguments"), known)
            reach(found, None)

    def _check_outputs(self, known: Known) -> None:
        outputs: Raw = self._found.raw.get("outputs") or {}
        for index, raw in enumerate(outputs.get("parameters") or ()):
            at = (*self._path, "outputs", "parameters", index)
            parameter = Arguments.read({"parameters": [raw]}).parameters[raw["name"]]
            source = parameter.value_from
            if source is None and parameter.value is None:
                raise self._document.error(at, f"output parameter `{raw['name']}` needs a `valueFrom`")
            if source and self._template.kind in ("steps", "dag") and not (source.parameter or source.expression):
                raise self._document.error((*at, "valueFrom"), "needs `parameter` or `expression` in a steps or dag template")
            if source and self._template.kind in ("container", "script") and not (source.path or source.expression):
                raise self._document.error((*at, "valueFrom"), "needs a `path` in a container or script template")
            self._check_strings(dict(raw.items()), at, known)
            self._check_expression(_expression_of(parameter), (*at, "valueFrom", "expression"), known)
        for index, raw in enumerate(outputs.get("artifacts") or ()):
            at = (*self._path, "outputs", "artifacts", index)
            self._check_strings({key: raw.get(key) for key in ("from", "path")}, at, known)
            self._check_expression(raw.get("fromExpression"), (*at, "fromExpression"), known)
            if self._template.kind in ("steps", "dag") and not (raw.get("from") or raw.get("fromExpression")):
                raise self._document.error(at, f"artifact `{raw['name']}` needs `from`")


def _fields_of(items: list[Any] | None) -> frozenset[str] | None:
    """The fields `item.…` may name, where the items are written down and are mappings."""
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    return frozenset(key for item in items for key in item)


def _expression_of(parameter: Parameter) -> str | None:
    return parameter.value_from.expression if parameter.value_from else None


def _without_tags(raw: Raw) -> Raw:
    """A copy whose numbers and durations can be read even where they hold variables."""
    numbers = ("timeout", "activeDeadlineSeconds")
    copied = {key: value for key, value in raw.items() if not (key in numbers and "{{" in str(value))}
    for key in ("retryStrategy", "memoize"):
        if isinstance(copied.get(key), dict):
            copied[key] = _plain(copied[key])
    return copied


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) if key in ("backoff", "cache", "configMap") else _number(key, item)
                for key, item in value.items()}  # fmt: skip
    return value


def _number(key: str, value: Any) -> Any:
    numeric = key in ("limit", "duration", "factor", "maxDuration", "cap", "maxAge")
    return "1" if numeric and "{{" in str(value) else value
