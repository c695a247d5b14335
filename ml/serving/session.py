"""Run an ONNX model. One thread per request by default: requests run beside one another, and threads of one small model only wait."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.errors import InputError
from ml.serving.export import SCORE
from ml.serving.request_check import Feed

if TYPE_CHECKING:
    import onnxruntime


class Session:
    """A loaded ONNX model."""

    def __init__(self, model: bytes | Path, *, threads: int = 1, optimise: bool = False) -> None:
        import onnxruntime

        options = session_options(threads=threads, optimise=optimise)
        source = str(model) if isinstance(model, Path) else model
        try:
            self._session: onnxruntime.InferenceSession = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises kinds of its own
            name = model if isinstance(model, Path) else "the model"
            raise InputError(f"not a model onnxruntime can run: {str(error).splitlines()[0][:200]}", file=name) from None

        self._outputs = [output.name for output in self._session.get_outputs()]

    def score(self, feed: Feed) -> NDArray[np.float64]:
        """Return the chance that the target is 1, per row."""
        return np.asarray(self._session.run([SCORE], feed)[0], dtype=np.float64)

    def run(self, feed: Feed) -> dict[str, NDArray[Any]]:
        """Return every output by name: `SCORE`, `MATRIX` and, where there are any, `NUMBERS`."""
        return dict(zip(self._outputs, self._session.run(self._outputs, feed), strict=True))


def session_options(*, threads: int = 1, optimise: bool = False, save_to: Path | None = None) -> Any:
    """Return onnxruntime's options; with `save_to` the optimised graph is written there."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_EXTENDED if optimise else level.ORT_DISABLE_ALL
    if save_to is not None:
        options.optimized_model_filepath = str(save_to)
    return options
