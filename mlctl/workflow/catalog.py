"""The manifest that is run, and the templates and ConfigMaps its file and folder offer."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlctl.errors import InputError
from mlctl.workflow.model.call import Call, TemplateRef
from mlctl.workflow.model.parameter import Raw
from mlctl.workflow.validation.fields import check_fields
from mlctl.workflow.yaml_document import Document, Path_, read_documents

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
CONFIG_MAP_KIND = "workflows.argoproj.io/configmap-type"
"""The label without which Argo's controller does not see a ConfigMap: https://argo-workflows.readthedocs.io/en/latest/walk-through/parameters/."""
_RUNNABLE = ("Workflow", "CronWorkflow", "WorkflowTemplate", "ClusterWorkflowTemplate")


@dataclass(frozen=True, eq=False)
class Owner:
    """One manifest that holds templates."""

    document: Document
    kind: str
    name: str
    spec: Raw
    spec_path: Path_

    def templates(self) -> Iterator[tuple[int, Raw]]:
        """Every template with its index."""
        for index, raw in enumerate(self.spec.get("templates") or ()):
            if isinstance(raw, dict):
                yield index, raw

    def path_of(self, index: int) -> Path_:
        """Where template number `index` stands in the document."""
        return (*self.spec_path, "templates", index)


@dataclass(frozen=True, eq=False)
class Found:
    """A template, where it stands, and whose templates it may call."""

    raw: Raw
    owner: Owner
    path: Path_


class ConfigMap(dict[str, str]):
    """The data of a ConfigMap, and what its label says Argo may read it for: `Parameter`, or nothing."""

    def __init__(self, data: dict[str, str], kind: str) -> None:
        super().__init__(data)
        self.kind = kind


@dataclass(eq=False)
class Catalog:
    """All that one run may use."""

    main: Owner
    owners: list[Owner]
    config_maps: dict[str, ConfigMap]
    files: list[Path]
    """The manifest's file, then the others that hold templates or ConfigMaps."""
    unread: list[str]
    """Files of the folder that could not be read as manifests."""
    metadata: Raw
    """The metadata of the manifest that is run."""
    spec: Raw = field(default_factory=dict)
    """The spec of the run: the manifest's own, over that of its `workflowTemplateRef`."""

    def setting(self, config_map: str, key: str) -> str | None:
        """A value of a ConfigMap."""
        found = self.config_maps.get(config_map)
        return None if found is None else found.get(key)

    def find(self, name: str, owner: Owner) -> Found | None:
        """The template called `name` that `owner` holds."""
        for index, raw in owner.templates():
            if raw.get("name") == name:
                return Found(self._with_defaults(raw), owner, owner.path_of(index))
        return None

    def resolve(self, call: Call, owner: Owner, path: Path_) -> Found:
        """The template a call means.

        Raises
        ------
        InputError
            There is no such template.
        """
        if call.inline is not None:
            return Found(self._with_defaults(call.inline), owner, (*path, "inline"))
        if call.ref is not None:
            return self._referenced(call.ref, owner, path)
        if call.template is None:
            raise owner.document.error(path, f"`{call.name}` names no template", allowed="template, templateRef, inline")
        found = self.find(call.template, owner)
        if found is None:
            known = [str(raw.get("name")) for _, raw in owner.templates()]
            raise owner.document.error(
                (*path, "template"), f"there is no template `{call.template}`", remedy=_nearest(call.template, known)
            )
        return found

    def referenced_owner(self, name: str, cluster_scope: bool) -> Owner | None:
        """The WorkflowTemplate, or ClusterWorkflowTemplate, of that name."""
        kind = "ClusterWorkflowTemplate" if cluster_scope else "WorkflowTemplate"
        return next((owner for owner in self.owners if owner.kind == kind and owner.name == name), None)

    def _referenced(self, ref: TemplateRef, owner: Owner, path: Path_) -> Found:
        at = (*path, "templateRef")
        target = self.referenced_owner(ref.name, ref.cluster_scope)
        kind = "ClusterWorkflowTemplate" if ref.cluster_scope else "WorkflowTemplate"
        if target is None:
            raise owner.document.error(
                at,
                f"there is no {kind} `{ref.name}` in this file or its folder",
                remedy=f"put its file beside this one{self._could_be()}",
            )
        found = self.find(ref.template, target)
        if found is None:
            known = [str(raw.get("name")) for _, raw in target.templates()]
            raise owner.document.error(at, f"{kind} `{ref.name}` has no template `{ref.template}`", remedy=_nearest(ref.template, known))
        return found

    def _could_be(self) -> str:
        return f" (not manifests, so not looked into: {', '.join(self.unread[:5])})" if self.unread else ""

    def _with_defaults(self, raw: Raw) -> Raw:
        """The template over `templateDefaults`, which never change its type, and set no time limit on what only calls others."""
        defaults = self.spec.get("templateDefaults")
        if not defaults:
            return raw
        calls = raw.get("steps") is not None or raw.get("dag") is not None
        unfit = {kind for kind in _TYPES if raw.get(kind) is None} | (_OF_LEAVES if calls else set())
        merged: Raw = overlay({key: value for key, value in defaults.items() if key not in unfit}, raw)
        return merged


_TYPES = ("container", "script", "dag", "steps", "suspend", "resource", "http", "data", "containerSet", "plugin")
_OF_LEAVES = {"timeout", "activeDeadlineSeconds"}
_MERGED_BY = {"env": "name", "parameters": "name", "artifacts": "name", "volumes": "name", "volumeMounts": "mountPath"}
"""Lists that are merged entry by entry, as Kubernetes does with these; of other lists the upper one wins whole."""


def overlay(base: Any, top: Any, key: str = "") -> Any:
    """`top` over `base`, key by key."""
    if isinstance(base, list) and isinstance(top, list) and (by := _MERGED_BY.get(key)):
        entries = {item.get(by): item for item in base}
        entries.update({item.get(by): overlay(entries.get(item.get(by)), item) for item in top})
        return list(entries.values())
    if not (isinstance(base, dict) and isinstance(top, dict)):
        return copy.deepcopy(base) if top is None else top
    merged = dict(top)
    for name, value in base.items():
        merged[name] = overlay(value, top[name], name) if name in top else copy.deepcopy(value)
    return merged


def load_catalog(file: Path, name: str | None = None) -> Catalog:
    """Read a manifest file and, where it refers to others, the files beside it; `name` says which of several is meant.

    Raises
    ------
    InputError
        A file cannot be read, has unknown keys, or holds nothing, or several things, to run.
    """
    owners, config_maps = _read(file)
    if not owners:
        raise InputError("holds no workflow", file=file, allowed=", ".join(_RUNNABLE))
    main = _main(file, owners, name)
    files, unread = [file], list[str]()
    if _looks_outside(owners):
        for sibling in sorted({*file.parent.glob("*.yaml"), *file.parent.glob("*.yml")} - {file}):
            try:
                more_owners, more_maps = _read(sibling, only_templates=True)
            except InputError:
                unread.append(sibling.name)
                continue
            files += [sibling] if more_owners or more_maps else []
            owners += more_owners
            config_maps = {**more_maps, **config_maps}
    metadata = main.document.value.get("metadata") or {}
    catalog = Catalog(main=main, owners=owners, config_maps=config_maps, files=files, unread=unread, metadata=metadata)
    _resolve_template_ref(catalog)
    return catalog


def _read(file: Path, only_templates: bool = False) -> tuple[list[Owner], dict[str, ConfigMap]]:
    owners: list[Owner] = []
    config_maps: dict[str, ConfigMap] = {}
    every = read_documents(file)
    documents = [document for document in every if not _is_of_kubernetes(document)]
    for document in documents or every:
        kind = document.value.get("kind")
        metadata = document.value.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if kind == "ConfigMap":
            data = document.value.get("data") or {}
            if not isinstance(data, dict):
                raise document.error(("data",), "is not a mapping")
            labels = (metadata.get("labels") if isinstance(metadata, dict) else None) or {}
            config_maps[str(name)] = ConfigMap({str(key): str(value) for key, value in data.items()}, str(labels.get(CONFIG_MAP_KIND, "")))
        elif not only_templates or kind in ("WorkflowTemplate", "ClusterWorkflowTemplate"):
            owners.append(_owner(document))
    return owners, config_maps


def _is_of_kubernetes(document: Document) -> bool:
    """Whether it is another object of the cluster, such as a Secret, that may stand beside a workflow."""
    kind, version = document.value.get("kind"), document.value.get("apiVersion")
    return bool(kind and version) and kind not in (*_RUNNABLE, "ConfigMap") and not str(version).startswith("argoproj.io/")


def _owner(document: Document) -> Owner:
    check_fields(document)
    kind = str(document.value["kind"])
    metadata = document.value.get("metadata") or {}
    spec_path: Path_ = ("spec", "workflowSpec") if kind == "CronWorkflow" else ("spec",)
    spec = document.value.get("spec") or {}
    if kind == "CronWorkflow":
        spec = spec.get("workflowSpec") or {}
    name = str(metadata.get("name") or metadata.get("generateName") or "workflow-").rstrip("-")
    if not _NAME.fullmatch(name):
        raise document.error(("metadata", "name"), f"`{name}` is not a name", allowed="small letters, digits, `-` and `.`, up to 253")
    return Owner(document, kind, name, spec, spec_path)


def _main(file: Path, owners: list[Owner], name: str | None) -> Owner:
    if name is not None:
        if found := next((owner for owner in owners if owner.name == name), None):
            return found
        raise InputError(f"holds no `{name}`", file=file, allowed=", ".join(owner.name for owner in owners))
    for kinds in (("Workflow",), ("CronWorkflow",), ("WorkflowTemplate", "ClusterWorkflowTemplate")):
        candidates = [owner for owner in owners if owner.kind in kinds]
        if len(candidates) > 1:
            named = [owner for owner in candidates if owner.name == file.stem]
            started = [owner for owner in candidates if owner.spec.get("entrypoint")]
            candidates = named if len(named) == 1 else (started or candidates)
        if len(candidates) > 1:
            names = ", ".join(owner.name for owner in candidates)
            raise InputError(f"holds several to run: {names}", file=file, remedy="choose one with --name NAME")
        if candidates:
            return candidates[0]
    raise InputError("holds no workflow", file=file)


def _looks_outside(owners: list[Owner]) -> bool:
    outside = ("templateRef", "workflowTemplateRef", "configMapKeyRef", "configMapRef")

    def mentions(value: Any) -> bool:
        if isinstance(value, dict):
            return any(key in outside or mentions(item) for key, item in value.items())
        return isinstance(value, list) and any(mentions(item) for item in value)

    return any(mentions(owner.spec) for owner in owners)


def _resolve_template_ref(catalog: Catalog) -> None:
    ref = catalog.main.spec.get("workflowTemplateRef")
    if ref is None:
        catalog.spec = catalog.main.spec
        return
    owner = catalog.referenced_owner(ref.get("name", ""), bool(ref.get("clusterScope")))
    if owner is None:
        raise catalog.main.document.error(
            (*catalog.main.spec_path, "workflowTemplateRef"),
            f"there is no WorkflowTemplate `{ref.get('name')}` in this file or its folder",
        )
    own = {key: value for key, value in catalog.main.spec.items() if key != "workflowTemplateRef"}
    catalog.spec = {**overlay(owner.spec, own), "arguments": _merge_arguments(owner.spec, own)}
    document = catalog.main.document
    catalog.main = Owner(owner.document, catalog.main.kind, catalog.main.name, catalog.spec, owner.spec_path)
    catalog.owners.append(Owner(document, "Workflow", catalog.main.name, own, ("spec",)))


def _merge_arguments(base: Raw, top: Raw) -> Raw:
    merged: Raw = {}
    for kind in ("parameters", "artifacts"):
        entries = {item["name"]: item for item in (base.get("arguments") or {}).get(kind) or ()}
        entries.update({item["name"]: item for item in (top.get("arguments") or {}).get(kind) or ()})
        merged[kind] = list(entries.values())
    return merged


def _nearest(name: str, known: list[str]) -> str:
    if found := difflib.get_close_matches(name, known, n=1):
        return f"did you mean `{found[0]}`?"
    return "there are: " + ", ".join(known[:12]) if known else "it holds no templates"
