"""The features of a model file as an ONNX graph: contract columns in, the matrix the model takes out.

It says the same as `ml.features.compute.features_from_request` followed by `ml.features.encode.encode`; the parity check of
every packaging run compares the two on real rows. Numbers are float64 until the matrix, as they are there, because a tree
compares exactly and a number rounded too early lands on the other side of a split.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ml.contracts.table import request_contract
from ml.features.compute import is_category
from ml.features.encode import LARGEST
from ml.spec import ModelSpec
from ml.spec_data import Column, Feature

if TYPE_CHECKING:
    import onnx

OPSET = 18
ML_OPSET = 3
IR_VERSION = 8
MATRIX = "Matrix"
"""As all names in the graph but those of its inputs it has a capital letter, and no column of a contract has one."""
NUMBERS = "Numbers"
"""Second output: the features that are numbers, as float64, for the decision log."""
TEXT = ("category", "string", "timestamp")


def is_text(column: Column) -> bool:
    """Say whether a request column travels as text; numbers and booleans travel as float64."""
    return column.dtype in TEXT


@dataclass
class _Nodes:
    """The nodes of the graph so far; every helper adds a node and returns the name of its output."""

    made: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = f"{operator}_{len(self.made)}"
        self.made.append(helper.make_node(operator, list(inputs), [name], name=name, domain=domain, **attributes))
        return name

    def constant(self, values: Any, dtype: str) -> str:
        import numpy as np
        from onnx import numpy_helper

        name = f"Constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name


def preprocessing_graph(spec: ModelSpec) -> onnx.ModelProto:
    """Return a model with one input ``[rows, 1]`` per request column and the outputs `MATRIX` (float32) and `NUMBERS`."""
    import onnx
    from onnx import TensorProto, helper

    nodes = _Nodes()
    numbers = {name: _number(spec, nodes, name) for name in number_features(spec)}
    parts = [
        nodes.add("Cast", _within(nodes, numbers[name]), to=TensorProto.FLOAT) if name in numbers else _category(spec, nodes, name)
        for name in spec.features
    ]
    last = [helper.make_node("Concat", parts, [MATRIX], name=MATRIX, axis=1)]
    outputs = [helper.make_tensor_value_info(MATRIX, TensorProto.FLOAT, ["rows", None])]
    if numbers:
        last.append(helper.make_node("Concat", list(numbers.values()), [NUMBERS], name=NUMBERS, axis=1))
        outputs.append(helper.make_tensor_value_info(NUMBERS, TensorProto.DOUBLE, ["rows", len(numbers)]))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.STRING if is_text(column) else TensorProto.DOUBLE, ["rows", 1])
        for name, column in request_contract(spec).columns.items()
    ]
    graph = helper.make_graph([*nodes.made, *last], "features", inputs, outputs, nodes.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


def number_features(spec: ModelSpec) -> list[str]:
    """Return the features that are numbers, in the order of the output `NUMBERS`."""
    return [name for name in spec.features if not is_category(spec, name)]


def _category(spec: ModelSpec, nodes: _Nodes, name: str) -> str:
    source = spec.features[name].source[0]
    return _one_hot(nodes, source, list(spec.contract.columns[source].categories))


def _one_hot(nodes: _Nodes, source: str, words: list[str]) -> str:
    """Compare text with words, one column each; operator set 18 has no other comparison of text."""
    flat = nodes.add("Squeeze", source, nodes.constant([1], "int64"))
    return nodes.add("OneHotEncoder", flat, domain="ai.onnx.ml", cats_strings=words, zeros=1)


def _number(spec: ModelSpec, nodes: _Nodes, name: str) -> str:
    feature = spec.features[name]
    return _window(nodes, name, feature) if feature.window is not None else _row(spec, nodes, feature)


def _within(nodes: _Nodes, number: str) -> str:
    """Keep a number within what the matrix may hold; a missing one stays missing, which `Clip` does not promise."""
    beyond = nodes.add("Greater", nodes.add("Abs", number), nodes.constant([[LARGEST]], "float64"))
    limit = nodes.add("Mul", nodes.add("Sign", number), nodes.constant([[LARGEST]], "float64"))
    return nodes.add("Where", beyond, limit, number)


def _window(nodes: _Nodes, name: str, feature: Feature) -> str:
    assert feature.window is not None
    if feature.window.aggregate not in ("count", "sum"):
        return name
    return nodes.add("Where", nodes.add("IsNaN", name), nodes.constant([[0.0]], "float64"), name)


def _row(spec: ModelSpec, nodes: _Nodes, feature: Feature) -> str:
    from onnx import TensorProto

    first = feature.source[0]
    if feature.transform == "is_missing":
        text = is_text(spec.contract.columns[first])
        missing = _one_hot(nodes, first, [""]) if text else nodes.add("IsNaN", first)
        return nodes.add("Cast", missing, to=TensorProto.DOUBLE)
    if feature.transform == "identity":
        return first
    if feature.transform == "log1p":
        larger = nodes.add("Add", nodes.add("Abs", first), nodes.constant([[1.0]], "float64"))
        return nodes.add("Mul", nodes.add("Sign", first), nodes.add("Log", larger))
    second = feature.source[1]
    if feature.transform == "ratio":
        zero = nodes.add("Equal", second, nodes.constant([[0.0]], "float64"))
        divisor = nodes.add("Where", zero, nodes.constant([[float("nan")]], "float64"), second)
        return nodes.add("Div", first, divisor)
    return nodes.add("Sub" if feature.transform == "difference" else "Add", first, second)
