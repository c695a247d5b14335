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

Values = Mapping[str, str]


def values_of(catalog: Catalog, given: Values) -> Values:
    """The workflow's parameters whose values are known before it starts."""
    own = Arguments.read(catalog.spec.get("arguments")).parameters
    known = {name: parameter.value for name, parameter in own.items() if parameter.value is not None and "{{" not in parameter.value}
    return {**known, **given}


def never_made(call: Call, values: Values) -> bool:
    """Whether the call's condition is certainly false."""
    if not call.when:
        return False
    names = _TAG.findall(call.when)
    if not all(name.startswith(_PREFIX) and name.removeprefix(_PREFIX) in values for name in names):
        return False
    filled = _TAG.sub(lambda found: values[found.group(1).removeprefix(_PREFIX)], call.when)
    try:
        return not holds(filled)
    except ExpressionError:
        return False
