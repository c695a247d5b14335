"""What a resource's outputs are before it exists: its inputs, and placeholders for the strings that the cloud will compute.

Numbers and booleans that the cloud computes have no placeholder; they stay unknown, as in the engine's own preview.
The engine's tests answer with the same function, so that both plans see the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlctl.plan.placeholder import placeholder
from mlctl.plan.schema import load, package_of
from mlctl.plan.schema.catalogue import Catalogue, Type

_MAX_DEPTH = 4


def computed_outputs(token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs of the resource `name` of type `token` that are not simply its inputs (JSON values, camelCase).

    A property that is an input and was given is left out, unless the cloud adds something inside it (`vpcConfig.vpcId`).
    """
    package = package_of(token)
    catalogue = load(package)
    if token.startswith("pulumi:providers:") or catalogue is None:
        return {}
    if package == "kubernetes":
        return _kubernetes(token, name, inputs)
    schema = catalogue.inputs(token)
    if schema is None:
        return {}
    computed: dict[str, Any] = {}
    for key, wanted in schema.outputs.items():
        value = _merge(catalogue, wanted, inputs.get(key), (token, name, key), 0)
        if value is not None and value != inputs.get(key):
            computed[key] = value
    return computed


def _merge(catalogue: Catalogue, wanted: Type, given: Any, at: tuple[str, str, str], depth: int) -> Any:
    """The given value with computed strings filled in; None where nothing can be said."""
    token, name, attribute = at
    if wanted == "string" and given is None:
        return placeholder(token, name, attribute)
    if not isinstance(wanted, Mapping) or depth >= _MAX_DEPTH:
        return given
    if "object" in wanted:
        return _merge_object(catalogue, wanted["object"], given, at, depth)
    if "array" in wanted:
        return _merge_array(catalogue, wanted["array"], given, at, depth)
    return given


def _merge_object(catalogue: Catalogue, kind: str, given: Any, at: tuple[str, str, str], depth: int) -> Any:
    if given is not None and not isinstance(given, Mapping):
        return given
    token, name, attribute = at
    result = dict(given or {})
    for key, wanted in catalogue.output_object(kind).items():
        value = _merge(catalogue, wanted, result.get(key), (token, name, f"{attribute}.{key}"), depth + 1)
        if value is not None:
            result[key] = value
    return result


def _merge_array(catalogue: Catalogue, item: Type, given: Any, at: tuple[str, str, str], depth: int) -> Any:
    if given is None:
        first = _merge(catalogue, item, None, (at[0], at[1], f"{at[2]}[0]"), depth + 1)
        return None if first is None else [first]
    if not isinstance(given, list) or not isinstance(item, Mapping):
        return given
    return [_merge(catalogue, item, value, (at[0], at[1], f"{at[2]}[{index}]"), depth + 1) for index, value in enumerate(given)]


def _kubernetes(token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """An object's name is given or made up by the engine; everything else that the cluster fills in is unknown until then."""
    metadata = inputs.get("metadata")
    if token.startswith("kubernetes:helm.sh/"):
        return {} if inputs.get("name") else {"name": placeholder(token, name, "name")}
    if metadata is not None and not isinstance(metadata, Mapping):
        return {}
    filled = dict(metadata or {})
    filled.setdefault("name", placeholder(token, name, "metadata.name"))
    return {} if filled == metadata else {"metadata": filled}


def identifier(token: str, name: str, inputs: Mapping[str, Any]) -> str:
    """The `id` of a resource: `namespace/name` for Kubernetes objects with a name, else a placeholder."""
    metadata = inputs.get("metadata")
    if token.startswith("kubernetes:") and isinstance(metadata, Mapping) and isinstance(metadata.get("name"), str):
        namespace = metadata.get("namespace")
        return f"{namespace}/{metadata['name']}" if isinstance(namespace, str) else str(metadata["name"])
    return placeholder(token, name, "id")
