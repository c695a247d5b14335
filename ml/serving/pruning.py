"""Leave out the last trees of a boosted ensemble. Each tree corrects the ones before it, so the last ones change the least."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

_TREES = ("TreeEnsembleClassifier", "TreeEnsembleRegressor")


def boosted_trees(model: onnx.ModelProto) -> int:
    """Return how many trees the model adds up; 0 if it has none, or averages them (a forest must keep its trees)."""
    nodes = [node for node in model.graph.node if node.op_type in _TREES]
    if len(nodes) != 1 or not _boosted(nodes[0]):
        return 0
    return len(set(_attribute(nodes[0], "nodes_treeids").ints))


def without_last_trees(model: onnx.ModelProto, keep: int) -> onnx.ModelProto:
    """Return a copy of the model with its first `keep` trees."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    node = next(node for node in copy.graph.node if node.op_type in _TREES)
    order = sorted(set(_attribute(node, "nodes_treeids").ints))
    kept = set(order[:keep])
    for prefix, ids in _groups(node):
        wanted = [index for index, tree in enumerate(ids) if tree in kept]
        for attribute in node.attribute:
            if attribute.name.startswith(prefix):
                _select(attribute, wanted, len(ids))
    return copy


def _groups(node: Any) -> list[tuple[str, list[int]]]:
    names = [a.name for a in node.attribute if a.name.endswith("_treeids")]
    return [(name.removesuffix("treeids"), list(_attribute(node, name).ints)) for name in names]


def _select(attribute: Any, wanted: list[int], size: int) -> None:
    for kind in ("ints", "floats", "strings"):
        values = list(getattr(attribute, kind))
        if len(values) == size:
            del getattr(attribute, kind)[:]
            getattr(attribute, kind).extend(values[index] for index in wanted)


def _boosted(node: Any) -> bool:
    """Boosting ends in a logistic function or a sum; a forest's leaves are shares of rows that add up to at most 1."""
    names = {attribute.name: attribute for attribute in node.attribute}
    aggregate = names["aggregate_function"].s if "aggregate_function" in names else b"SUM"
    if aggregate != b"SUM":
        return False
    weights = names.get("class_weights") or names.get("target_weights")
    return weights is not None and min(weights.floats) < 0


def _attribute(node: Any, name: str) -> Any:
    return next(attribute for attribute in node.attribute if attribute.name == name)
