"""The plain ONNX model and its faster variants, each measured on real rows; the fastest that changes no score too much is served."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.disk import REMEDY
from ml.errors import ServiceError
from ml.serving.latency import Latency, measure, rows_per_second
from ml.serving.pruning import boosted_trees, without_last_trees
from ml.serving.request_check import Feed, take
from ml.serving.session import Session, session_options

if TYPE_CHECKING:
    import onnx

QUANTISABLE = frozenset({"MatMul", "Gemm", "Conv"})
ROUNDS = 5
WORTH = 0.9
"""A variant is preferred to the plain model only when its median time is below this share of the plain model's."""
WORTH_CHANGED_SCORES = 0.5
"""The same for a variant that changes scores (fewer trees, 8-bit weights): only twice the speed is worth it."""
EQUAL = 1e-5
"""Scores that differ by no more than this are the same; float32 rounding makes up to about 1e-6."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Variant:
    """One form of the model and what was measured."""

    name: str
    model: bytes
    largest_difference: float
    """Largest change of a score against the trained model, on real rows."""
    decisions_changed: int
    latency: Latency
    rows_per_second: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "bytes": len(self.model),
            "largest_difference": self.largest_difference,
            "decisions_changed": self.decisions_changed,
            "p50_ms": self.latency.p50_ms,
            "p99_ms": self.latency.p99_ms,
            "rows_per_second": self.rows_per_second,
        }


def build_variants(
    model: onnx.ModelProto, feed: Feed, expected: NDArray[np.float64], *, tolerance: float, threshold: float, calls: int
) -> list[Variant]:
    """Build and measure every variant the algorithm allows; the plain model comes first.

    Parameters
    ----------
    feed, expected
        Real rows, and the scores of the trained model for them.
    tolerance
        Largest change of a score; how many trees are left out depends on it.
    threshold
        Where a score becomes a decision.
    calls
        Single-row calls to measure.
    """
    made: list[Variant] = []
    for name, content in _candidates(model, feed, expected, tolerance):
        session = Session(content)
        scores = session.score(feed)
        rows = expected.size
        made.append(
            Variant(
                name=name,
                model=content,
                largest_difference=float(np.max(np.abs(scores - expected))),
                decisions_changed=int(np.sum((scores >= threshold) != (expected >= threshold))),
                # In time this process worked: which variant is taken must not depend on what else the machine does.
                latency=measure(_one_row(session, feed, rows), calls=calls, rounds=ROUNDS, clock=time.process_time),
                rows_per_second=rows_per_second(lambda session=session: session.score(feed), rows),  # type: ignore[misc]
            )
        )
    return made


def choose(variants: list[Variant], *, tolerance: float, latency_p99_ms: float) -> Variant:
    """Return the fastest variant that keeps scores and latency; the plain model if none is clearly faster."""
    plain = variants[0]
    fit = [
        variant
        for variant in variants[1:]
        if variant.largest_difference <= tolerance
        and variant.latency.p99_ms <= latency_p99_ms
        and variant.latency.p50_ms < _worth(variant) * plain.latency.p50_ms
    ]
    return min(fit, key=lambda variant: variant.latency.p50_ms, default=plain)


def _worth(variant: Variant) -> float:
    return WORTH if variant.largest_difference <= EQUAL else WORTH_CHANGED_SCORES


def _candidates(model: onnx.ModelProto, feed: Feed, expected: NDArray[np.float64], tolerance: float) -> Iterator[tuple[str, bytes]]:
    yield "plain", model.SerializeToString()
    yield "graph_optimised", optimised(model.SerializeToString())
    pruned = _pruned(model, feed, expected, tolerance)
    if pruned is not None:
        yield "pruned", optimised(pruned)
    if QUANTISABLE & {node.op_type for node in model.graph.node}:
        yield "int8", optimised(quantised(model))


def optimised(model: bytes) -> bytes:
    """Return the model after onnxruntime's graph optimisations (constants folded, nodes fused)."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "optimised.onnx")
        try:
            onnxruntime.InferenceSession(model, session_options(optimise=True, save_to=target), providers=["CPUExecutionProvider"])
        except Exception as error:  # the model was run before, so what fails is the writing; onnxruntime raises kinds of its own
            problem = f"the optimised model cannot be written: {str(error).splitlines()[0][:200]}"
            raise ServiceError(problem, file=folder, remedy=REMEDY) from error
        return target.read_bytes()


def quantised(model: onnx.ModelProto) -> bytes:
    """Return the model with the weights of its matrix products as 8-bit integers."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "plain.onnx"), Path(folder, "int8.onnx")
        onnx.save(model, source)
        quantize_dynamic(source, target, op_types_to_quantize=sorted(QUANTISABLE), weight_type=QuantType.QInt8)
        return target.read_bytes()


def _pruned(model: onnx.ModelProto, feed: Feed, expected: NDArray[np.float64], tolerance: float) -> bytes | None:
    """Return the model with the fewest trees that keeps every score within the tolerance; none if all are needed."""
    trees = boosted_trees(model)
    best: bytes | None = None
    low, high = 1, trees - 1
    while low <= high:
        middle = (low + high) // 2
        content = without_last_trees(model, middle).SerializeToString()
        if float(np.max(np.abs(Session(content).score(feed) - expected))) <= tolerance:
            best, high = content, middle - 1
        else:
            low = middle + 1
    return best


def _one_row(session: Session, feed: Feed, rows: int) -> Any:
    singles = [take(feed, slice(row, row + 1)) for row in range(min(rows, 256))]
    return lambda index: session.score(singles[index % len(singles)])
