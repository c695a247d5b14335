"""The workflow's own arguments, numbers and policies."""

from __future__ import annotations

from collections.abc import Mapping

from mlctl.workflow.catalog import Catalog
from mlctl.workflow.model.call import Arguments
from mlctl.workflow.model.parameter import Parameter
from mlctl.workflow.model.template import locks_of
from mlctl.workflow.yaml_document import Document, Path_


def check_interface(catalog: Catalog, given: Mapping[str, str]) -> None:
    """Refuse arguments without a name or outside their `enum`, and a suspended or shut down workflow's leftovers."""
    document, path = catalog.main.document, catalog.main.spec_path
    parameters = (catalog.spec.get("arguments") or {}).get("parameters") or ()
    seen: set[str] = set()
    for index, raw in enumerate(parameters):
        at = (*path, "arguments", "parameters", index)
        name = raw.get("name")
        if not name or name in seen:
            raise document.error(at, "a parameter needs a name" if not name else f"there are two parameters `{name}`")
        seen.add(name)
    for parameter in Arguments.read(catalog.spec.get("arguments")).parameters.values():
        if parameter.enum and parameter.given is not None and parameter.given not in parameter.enum:
            raise document.error(
                (*path, "arguments"), f"parameter `{parameter.name}` is `{parameter.given}`",
                allowed=", ".join(parameter.enum),
            )  # fmt: skip
    for parameter in Arguments.read(catalog.spec.get("arguments")).parameters.values():
        if parameter.value is None and parameter.name not in given:
            check_config_map(catalog, parameter, document, (*path, "arguments"))
    for lock in locks_of(catalog.spec.get("synchronization")):
        check_limit(catalog, lock.limit_ref, (*path, "synchronization"))
    parallelism = catalog.spec.get("parallelism")
    if parallelism is not None and parallelism < 1:
        raise document.error((*path, "parallelism"), f"is {parallelism}", allowed="1 or more")


def check_config_map(catalog: Catalog, parameter: Parameter, document: Document, path: Path_) -> None:
    """A parameter that comes from a ConfigMap needs one that is at hand, unless it may go without."""
    source = parameter.value_from
    ref = source.config_map if source else None
    if source is None or ref is None or ref.optional or source.default is not None or "{{" in ref.name + ref.key:
        return
    if ref.key not in catalog.config_maps.get(ref.name, {}):
        raise document.error(
            path, f"parameter `{parameter.name}`: key `{ref.key}` of ConfigMap `{ref.name}` is not in this file or its folder",
            remedy="put the ConfigMap's file beside this one",
        )  # fmt: skip


def check_limit(catalog: Catalog, ref: tuple[str, str] | None, path: tuple[str | int, ...]) -> None:
    """A semaphore's limit must be a whole number in a ConfigMap that is at hand."""
    if ref is None or "{{" in "".join(ref):
        return
    name, key = ref
    if not name:
        raise catalog.main.document.error(
            path, "a semaphore whose limit stands in a database is not run here", allowed="configMapKeyRef",
            remedy="run it on a cluster: `mlctl workflow submit`",
        )  # fmt: skip
    limit = catalog.setting(name, key)
    if limit is None or not limit.isdigit() or int(limit) < 1:
        raise catalog.main.document.error(
            path, f"the semaphore's limit, key `{key}` of ConfigMap `{name}`, is not in this file or its folder",
            allowed="a ConfigMap with a whole number under that key",
        )  # fmt: skip
