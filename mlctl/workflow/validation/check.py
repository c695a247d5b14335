"""Everything that is checked before a run starts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlctl.workflow.catalog import Catalog, Found
from mlctl.workflow.model.call import Arguments, Call, hooks_of
from mlctl.workflow.model.parameter import Raw
from mlctl.workflow.tags import is_foreign, strings_in, tags_in
from mlctl.workflow.validation.interface import check_interface
from mlctl.workflow.validation.known import ENDING, Known, text_problem
from mlctl.workflow.validation.never import Values, values_of
from mlctl.workflow.validation.refusals import ignored, refuse, refuse_start
from mlctl.workflow.validation.template import TemplateCheck
from mlctl.workflow.yaml_document import Path_


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A manifest that can run here."""

    catalog: Catalog
    entrypoint: str
    ignored: list[str]
    foreign: list[str]
    """Tags such as `{{ .Values.image }}` that are not Argo's, and are left as they stand."""


def check(catalog: Catalog, *, entrypoint: str | None = None, parameters: Values | None = None) -> Checked:
    """Check all that a run with these parameters can reach.

    Raises
    ------
    InputError
        Something is wrong, missing, or needs a cluster.
    """
    spec, main = catalog.spec, catalog.main
    name = entrypoint or spec.get("entrypoint")
    if not name:
        raise main.document.error(main.spec_path, "has no `entrypoint`", remedy="add it, or give one with --entrypoint NAME")
    refuse_start(catalog)
    _check_unique(catalog)
    check_interface(catalog, parameters or {})
    walker = _Walker(catalog, values_of(catalog, parameters or {}))
    arguments = _workflow_arguments(spec, parameters or {})
    for hook in hooks_of(spec).values():
        own = bool(hook.arguments.parameters or hook.arguments.artifacts)
        walker.call(hook, main.spec_path, arguments if hook.name == "exit" and not own else None)
    walker.finish(ENDING)
    walker.call(Call.read({"template": name}, "entrypoint"), main.spec_path, arguments)
    walker.check_values()
    walker.finish()
    return Checked(catalog=catalog, entrypoint=str(name), ignored=ignored(catalog, walker.reached), foreign=_foreign(walker.reached))


def _foreign(reached: list[Found]) -> list[str]:
    tags = (tag for found in reached for _, text in strings_in(found.raw) for tag in tags_in(text))
    return sorted({f"{{{{{tag.text}}}}}" for tag in tags if not tag.is_expression and is_foreign(tag.text)})


def _workflow_arguments(spec: Raw, values: Values) -> Arguments:
    """The workflow's arguments with the values it is given; an artefact kept in a store may be given as a file on the command line."""
    own = Arguments.read(spec.get("arguments"))
    parameters = {name: replace(item, value=values.get(name, item.value)) for name, item in own.parameters.items()}
    given = {
        name: replace(artifact, source="{{given." + name + "}}") if artifact.location else artifact
        for name, artifact in own.artifacts.items()
    }
    return Arguments(parameters=parameters, artifacts=given)


def _check_unique(catalog: Catalog) -> None:
    for owner in catalog.owners:
        seen: set[str] = set()
        for index, raw in owner.templates():
            name = str(raw.get("name") or "")
            if not name:
                raise owner.document.error(owner.path_of(index), "a template needs a `name`")
            if name in seen:
                raise owner.document.error((*owner.path_of(index), "name"), f"there are two templates `{name}`")
            seen.add(name)


class _Walker:
    """Visits every template that can be reached, once."""

    def __init__(self, catalog: Catalog, values: Values) -> None:
        self._catalog, self._values = catalog, values
        self._todo: list[tuple[Found, str | None]] = []
        self._seen: set[int] = set()
        self.reached: list[Found] = []

    def call(self, call: Call, path: Path_, arguments: Arguments | None) -> None:
        """Start from one template named by the workflow itself."""
        from mlctl.workflow.validation.calls import check_arguments

        found = self._catalog.resolve(call, self._catalog.main, path)
        check_arguments(found, arguments or call.arguments, self._catalog.main.document, path, call.name)
        self._add(found, None)

    def finish(self, further: frozenset[str] = frozenset()) -> None:
        """Check what was found until nothing new is, where the variables `further` are known too."""
        known = self._global_names()
        global_names = replace(known, names=known.names | further)
        while self._todo:
            found, when = self._todo.pop()
            refuse(found, self._catalog, when)
            TemplateCheck(found, self._catalog, global_names, self._values).run(self._add)
            self.reached.append(found)
        self._seen.clear()

    def check_values(self) -> None:
        """The workflow's own arguments can only use what is known of the workflow."""
        main = self._catalog.main
        known = self._global_names()
        for place, text in strings_in(self._catalog.spec.get("arguments"), (*main.spec_path, "arguments")):
            if problem := text_problem(text, known):
                raise main.document.error(place, problem)

    def _add(self, found: Found, when: str | None) -> None:
        key = id(found.owner.document) ^ hash(found.path)
        if key not in self._seen:
            self._seen.add(key)
            self._todo.append((found, when))

    def _global_names(self) -> Known:
        names = {"workflow.outputs.parameters"}
        for owner in self._catalog.owners:
            for _, raw in owner.templates():
                outputs = Arguments.read(raw.get("outputs"))
                for parameter in outputs.parameters.values():
                    if parameter.global_name:
                        names.add(f"workflow.outputs.parameters.{parameter.global_name}")
                for artifact in outputs.artifacts.values():
                    if artifact.global_name:
                        names.add(f"workflow.outputs.artifacts.{artifact.global_name}")
        for parameter in Arguments.read(self._catalog.spec.get("arguments")).parameters.values():
            names.add(f"workflow.parameters.{parameter.name}")
        metadata = self._catalog.metadata
        for kind in ("labels", "annotations"):
            names.update(f"workflow.{kind}.{key}" for key in metadata.get(kind) or {})
            extra = (self._catalog.spec.get("workflowMetadata") or {}).get(kind) or {}
            names.update(f"workflow.{kind}.{key}" for key in extra)
        return Known(frozenset(names))
