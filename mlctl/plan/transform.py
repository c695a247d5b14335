"""Runs a transform of the program over a registration, as the engine would call it back."""

from __future__ import annotations

import asyncio
from typing import Any

from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.proto import resource_pb2


def transformed(callback: Any, request: Any) -> Any:
    """The request as the callback leaves it; itself where no servicer knows the callback."""
    for servicer in _CallbackServicer._servicers:
        function = servicer._callbacks.get(callback.token)
        if function is None:
            continue
        question = resource_pb2.TransformRequest(
            type=request.type, name=request.name, custom=request.custom, parent=request.parent, properties=request.object
        )
        question.options.depends_on.extend(request.dependencies)
        question.options.protect = request.protect
        question.options.provider = request.provider
        question.options.ignore_changes.extend(request.ignoreChanges)
        answer: Any = asyncio.run_coroutine_threadsafe(function(question.SerializeToString()), servicer._loop).result()  # type: ignore[arg-type]
        return _with_transform(request, answer)
    return request


def as_rebuilt(request: Any) -> Any:
    """The request without property dependencies where the resource has transforms of its own.

    The engine then derives them anew from the properties that came back, and the Python SDK sends none with these.
    """
    if not request.transforms:
        return request
    changed = type(request)()
    changed.CopyFrom(request)
    changed.propertyDependencies.clear()
    return changed


def _with_transform(request: Any, answer: Any) -> Any:
    changed = type(request)()
    changed.CopyFrom(request)
    changed.object.CopyFrom(answer.properties)
    if answer.HasField("options"):
        options = answer.options
        changed.protect = options.protect
        changed.provider = options.provider or request.provider
        changed.ignoreChanges[:] = options.ignore_changes
        changed.dependencies[:] = sorted({*request.dependencies, *options.depends_on})
    return changed
