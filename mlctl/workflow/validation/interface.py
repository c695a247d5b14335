"""The workflow's own arguments, numbers and policies."""

from __future__ import annotations

from mlctl.workflow.catalog import Catalog
from mlctl.workflow.model.call import Arguments
from mlctl.workflow.model.template import locks_of


def check_interface(catalog: Catalog) -> None:
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
    for lock in locks_of(catalog.spec.get("synchronization")):
        check_limit(catalog, lock.limit_ref, (*path, "synchronization"))
    parallelism = catalog.spec.get("parallelism")
    if parallelism is not None and parallelism < 1:
        raise document.error((*path, "parallelism"), f"is {parallelism}", allowed="1 or more")


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
