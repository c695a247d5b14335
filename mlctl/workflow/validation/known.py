"""Which variables can be seen from a place in a template."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.evaluate import KNOWN_FUNCTIONS
from mlctl.workflow.expression.loops import LOOPS
from mlctl.workflow.expression.namespace import ROOTS
from mlctl.workflow.expression.parser import parse
from mlctl.workflow.expression.tree import Call, Expression, Let, children, dotted_name
from mlctl.workflow.tags import is_foreign, tags_in

_WORKFLOW = frozenset(
    [
        "workflow.name",
        "workflow.namespace",
        "workflow.serviceAccountName",
        "workflow.uid",
        "workflow.mainEntrypoint",
        "workflow.parameters",
        "workflow.parameters.json",
        "workflow.annotations",
        "workflow.annotations.json",
        "workflow.labels",
        "workflow.labels.json",
        "workflow.creationTimestamp",
        "workflow.creationTimestamp.RFC3339",
        "workflow.creationTimestamp.s",
        "workflow.priority",
        "workflow.duration",
        "workflow.scheduledTime",
    ]
)
ENDING = frozenset(["workflow.status", "workflow.failures"])
"""Known to the exit handler and to the workflow's hooks: https://argo-workflows.readthedocs.io/en/latest/variables/#exit-handler. Elsewhere
Argo's controller fills in the status it has just then, nothing or `Running`."""
_OUTCOMES = ("id", "name", "status", "exitCode", "startedAt", "finishedAt", "hostNodeName", "ip", "outputs.result",
             "outputs.exitCode", "outputs.parameters")  # fmt: skip
_ITEM = re.compile(r"item(\..+)?")
_STRFTIME = re.compile(r"workflow\.creationTimestamp\.[A-Za-z]")


@dataclass(frozen=True)
class Sibling:
    """A step or task whose outcome can be seen; None where its outputs are not known beforehand."""

    parameters: frozenset[str] | None
    artifacts: frozenset[str] | None
    packed: frozenset[str] = frozenset()
    """Of the artefacts those that are stored as one archive, of which no part can be taken."""


@dataclass(frozen=True)
class Known:
    """The variables of one place."""

    names: frozenset[str]
    prefixes: tuple[str, ...] = ()
    siblings: dict[str, Sibling] = field(default_factory=dict)
    sibling_kind: str = "steps"
    item: bool = False
    hidden: frozenset[str] = frozenset()
    """What a hook of a step cannot see of it."""
    item_fields: frozenset[str] | None = None
    """None where they are not known beforehand."""

    def problem(self, variable: str) -> str | None:
        """Why `variable` cannot be seen from here, or None."""
        if variable in self.hidden:
            return f"`{variable}` is not known to the hooks of what gives it: Argo tells them output parameters and artefacts only"
        if variable in _WORKFLOW or variable in self.names or variable.startswith(self.prefixes):
            return None
        if variable in ENDING:
            return f"`{variable}` is known only to the exit handler and to hooks of the workflow"
        if self.item and _ITEM.fullmatch(variable):
            return self._item_problem(variable)
        if _STRFTIME.fullmatch(variable):
            return None
        if variable.startswith(f"{self.sibling_kind}."):
            return self._sibling_problem(variable)
        hint = self._hint(variable)
        if is_foreign(variable) and not hint:
            return None
        return f"`{variable}` is not known here{hint}"

    def is_packed(self, source: str) -> bool:
        """Whether `{{steps.a.outputs.artifacts.b}}` is stored as one archive."""
        found = re.fullmatch(r"\{\{\s*\w+\.([^.]+)\.outputs\.artifacts\.([^.]+?)\s*\}\}", source)
        sibling = self.siblings.get(found[1]) if found else None
        return sibling is not None and found is not None and found[2] in sibling.packed

    def _item_problem(self, variable: str) -> str | None:
        _, dot, name = variable.partition(".")
        if not dot or self.item_fields is None or name in self.item_fields:
            return None
        return f"`{variable}`: no item has a `{name}`; fields: {', '.join(sorted(self.item_fields))}"

    def _sibling_problem(self, variable: str) -> str | None:
        _, name, rest = [*variable.split(".", 2), ""][:3]
        sibling = self.siblings.get(name)
        one = self.sibling_kind.rstrip("s")
        if sibling is None:
            before = ", ".join(self.siblings) or "none"
            return f"`{variable}`: no {one} `{name}` is finished before this place; those that are: {before}"
        if rest in _OUTCOMES:
            return None
        kind, _, wanted = rest.removeprefix("outputs.").partition(".")
        declared = sibling.parameters if kind == "parameters" else sibling.artifacts
        if kind not in ("parameters", "artifacts") or not rest.startswith("outputs."):
            return f"`{variable}`: a {one} has no `{rest}`; it has: {', '.join(_OUTCOMES)}, outputs.artifacts"
        if declared is not None and wanted not in declared:
            return f"`{variable}`: {one} `{name}` has no output {kind} `{wanted}`; it has: {', '.join(declared) or 'none'}"
        return None

    def _hint(self, variable: str) -> str:
        near = difflib.get_close_matches(variable, [*self.names, *_WORKFLOW], n=1, cutoff=0.75)
        if not near and is_foreign(variable) and "." in variable:
            first, rest = variable.split(".", 1)
            near = [f"{root}.{rest}" for root in difflib.get_close_matches(first, sorted(ROOTS), n=1, cutoff=0.8)]
        return f"; did you mean `{near[0]}`?" if near else ""


def text_problem(text: str, known: Known) -> str | None:
    """What is wrong with the tags of a string, or None."""
    if text.count("{{") != text.count("}}") and "{{" in text and not tags_in(text):
        return "a `{{` is not closed by `}}`"
    for tag in tags_in(text):
        problem = expression_problem(tag.text, known) if tag.is_expression else known.problem(tag.text)
        if problem:
            return problem
    return None


def expression_problem(text: str, known: Known) -> str | None:
    """What is wrong with an expression: its grammar, its functions or its names; None if nothing is."""
    try:
        tree = parse(text.strip())
    except ExpressionError as error:
        return f"`{text.strip()}` is not an expression: {error}"
    return _tree_problem(tree, known, frozenset())


def _tree_problem(node: Expression, known: Known, local: frozenset[str]) -> str | None:
    if isinstance(node, Let):
        local = local | {node.name}
    if isinstance(node, Call) and node.function not in KNOWN_FUNCTIONS and node.function not in LOOPS:
        return f"the function `{node.function}` is not supported{_near_function(node.function)}"
    names = dotted_name(node)
    if names is not None:
        return None if names[0] in local or names[0].startswith("#") else _name_problem(names, known)
    for child in children(node):
        if problem := _tree_problem(child, known, local):
            return problem
    return None


def _name_problem(names: tuple[str, ...], known: Known) -> str | None:
    dotted = ".".join(names)
    roots = {name.split(".", 1)[0] for name in (*known.names, *_WORKFLOW)} | {"steps", "tasks"}
    if known.item:
        roots.add("item")
    if names[0] not in roots:
        return f"`{names[0]}` is not known here; text stands in quotes"
    if names[0] in ("steps", "tasks"):
        if names[0] != known.sibling_kind or len(names) == 1 or names[1] not in known.siblings:
            return known.problem(dotted) if len(names) > 2 else None
        return None
    if names[0] == "inputs" and len(names) >= 3 and ".".join(names[:3]) not in known.names:
        return known.problem(".".join(names[:3]))
    if (names[:2] == ("workflow", "parameters") and len(names) == 3) or dotted in ENDING:
        return known.problem(dotted)
    return None


def _near_function(name: str) -> str:
    near = difflib.get_close_matches(name, [*KNOWN_FUNCTIONS, *LOOPS], n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
