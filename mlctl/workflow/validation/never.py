"""Calls that a run will not make: their `when` is decided by the workflow's parameters alone, and is false.

So a manifest can hold a way for the cluster beside a way for one machine, and a parameter that chooses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlctl.workflow.catalog import Catalog
from mlctl.workflow.condition import holds
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.model.call import Arguments, Call

_TAG = re.compile(r"{{\s*(.*?)\s*}}", re.DOTALL)
_PREFIX = "workflow.parameters."
_BRANCHING = re.compile(r"""[|(?"']""")
"""Where one of these stands, a condition is not cut at its `&&`."""

Values = Mapping[str, str]


def values_of(catalog: Catalog, given: Values) -> Values:
    """The workflow's parameters whose values are known before it starts."""
    own = Arguments.read(catalog.spec.get("arguments")).parameters
    known = {name: parameter.value for name, parameter in own.items() if parameter.value is not None and "{{" not in parameter.value}
    return {**known, **given}


def never_made(call: Call, values: Values) -> bool:
    """Whether the call's condition is certainly false: it, or one of the parts that must all be true."""
    if not call.when:
        return False
    parts = [call.when] if _BRANCHING.search(call.when) else call.when.split("&&")
    return any(_certainly_false(part, values) for part in parts)


def _certainly_false(condition: str, values: Values) -> bool:
    names = _TAG.findall(condition)
    if not all(name.startswith(_PREFIX) and name.removeprefix(_PREFIX) in values for name in names):
        return False
    filled = _TAG.sub(lambda found: values[found.group(1).removeprefix(_PREFIX)], condition)
    try:
        return not holds(filled)
    except ExpressionError:
        return False
