"""A fitted model becomes one ONNX model from contract columns to score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ml.errors import InputError
from ml.serving.preprocessing_graph import (
    IR_VERSION,
    MATRIX,
    ML_OPSET,
    NUMBERS,
    OPSET,
    number_features,
    preprocessing_graph,
)
from ml.spec import ModelSpec

if TYPE_CHECKING:
    import onnx

SCORE = "Score"


def export(spec: ModelSpec, model: Any, columns: int) -> onnx.ModelProto:
    """Return an ONNX model with the request's columns as inputs and the outputs `SCORE` ``[rows]``, `MATRIX` and `NUMBERS`.

    Parameters
    ----------
    model
        scikit-learn or XGBoost, or anything with ``to_onnx(columns) -> bytes``: one float32 input ``[rows, columns]``, and as last
        output the score ``[rows]``, ``[rows, 1]`` or the probabilities ``[rows, 2]``.
    columns
        Width of the matrix.

    Raises
    ------
    InputError
        The model cannot be converted.
    """
    import onnx
    from onnx import compose

    own = not hasattr(model, "to_onnx")
    scoring = _convert(model, columns) if own else onnx.load_from_string(model.to_onnx(columns))
    _fit_versions(scoring, own=own)
    scoring = compose.add_prefix(scoring, "Fitted_")  # a team's own names may be ours
    scoring = compose.add_prefix(_one_score(scoring), "Model_")
    merged = compose.merge_models(
        preprocessing_graph(spec),
        scoring,
        io_map=[(MATRIX, scoring.graph.input[0].name)],
        outputs=[MATRIX, *([NUMBERS] if number_features(spec) else []), f"Model_{SCORE}"],
    )
    # The converter's own texts hold a random number: the same model would have other bytes each time.
    merged.graph.name, merged.graph.doc_string = spec.name, spec.description
    _rename(merged.graph, f"Model_{SCORE}", SCORE)
    _one_version_each(merged)
    onnx.checker.check_model(merged)
    return merged


def _convert(model: Any, columns: int) -> onnx.ModelProto:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    _register_xgboost()
    try:
        converted: onnx.ModelProto = convert_sklearn(
            model,
            initial_types=[(MATRIX, FloatTensorType([None, columns]))],
            options={"zipmap": False},
            target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
        )
    except Exception as error:  # the converters raise many kinds for a model they do not know
        raise InputError(
            f"{type(model).__name__} cannot be converted to ONNX: {str(error).strip().splitlines()[0][:200]}",
            allowed="scikit-learn and XGBoost models, or a model with to_onnx(columns) -> bytes",
            remedy="give the model a to_onnx method",
        ) from None
    return converted


def _register_xgboost() -> None:
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
    from xgboost import XGBClassifier

    update_registered_converter(
        XGBClassifier,
        "XGBoostXGBClassifier",
        calculate_linear_classifier_output_shapes,
        convert_xgboost,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )


def _one_score(model: onnx.ModelProto) -> onnx.ModelProto:
    """Leave one output, the score of each row: the last column of the last output."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    last = graph.output[-1].name
    made = [
        helper.make_node("Reshape", [last, "score_rows"], ["score_table"]),
        helper.make_node("Gather", ["score_table", "score_column"], ["score_raw"], axis=1),
        helper.make_node("Cast", ["score_raw"], [SCORE], to=TensorProto.FLOAT),
    ]
    rank = len(graph.output[-1].type.tensor_type.shape.dim)
    shape = [0, -1] if rank > 1 else [-1, 1]
    graph.initializer.append(numpy_helper.from_array(np.array(shape, dtype=np.int64), "score_rows"))
    graph.initializer.append(numpy_helper.from_array(np.array(-1, dtype=np.int64), "score_column"))
    graph.node.extend(made)
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(SCORE, TensorProto.FLOAT, ["rows"]))
    return model


def _fit_versions(model: onnx.ModelProto, *, own: bool) -> None:
    """Give both halves the same versions, which merging needs.

    The converters state the lowest version their operators have had the same meaning since, so theirs may be raised. A model that
    comes from elsewhere must have the right one.
    """
    for opset in model.opset_import:
        limit = {"": OPSET, "ai.onnx.ml": ML_OPSET}.get(opset.domain)
        if limit is None:
            continue
        if not own and opset.version != limit:
            name = opset.domain or "ai.onnx"
            raise InputError(f"to_onnx gave version {opset.version} of the operator set {name}", allowed=str(limit))
        opset.version = limit
    model.ir_version = IR_VERSION


def _one_version_each(model: onnx.ModelProto) -> None:
    """Name every operator set once; both halves have the same versions, and the quantiser stumbles over a second mention."""
    versions = {("" if opset.domain == "ai.onnx" else opset.domain): opset.version for opset in model.opset_import}
    del model.opset_import[:]
    for domain, version in sorted(versions.items()):
        model.opset_import.add(domain=domain, version=version)


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        node.output[:] = [new if name == old else name for name in node.output]
    for output in graph.output:
        if output.name == old:
            output.name = new
