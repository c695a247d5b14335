"""Turn a fitted model into bytes that are the same whenever the model is, so that their hash can be compared."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np


class _Pickler(pickle.Pickler):
    """Pickles arrays without what is not their content.

    Between the fields of records stand zeros, where memory else holds whatever was there before; an array that may not be
    written to (as those that come from a cluster) is pickled like any other; and a type of numbers is named, so that reading
    gives the one object there is of it, where pickle itself makes a new one whenever it comes.
    """

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, np.dtype) and value.names is None and value.subdtype is None and value.metadata is None:
            return np.dtype, (value.str,)
        if not isinstance(value, np.ndarray) or value.dtype.hasobject:
            return NotImplemented
        if value.dtype.names is None:
            return value.copy(order="K").__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        clean = np.zeros(value.shape, dtype=value.dtype)
        for name in value.dtype.names:
            clean[name] = value[name]
        return clean.__reduce_ex__(pickle.HIGHEST_PROTOCOL)


def model_bytes(model: Any) -> bytes:
    """Return the model pickled.

    It is pickled, read and pickled again: a model that came back from a cluster shares its strings otherwise than one
    that was fitted here, and reading levels that.
    """
    return _pickled(pickle.loads(_pickled(model)))  # noqa: S301 - these bytes were made here


def _pickled(model: Any) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=5).dump(model)
    return buffer.getvalue()
