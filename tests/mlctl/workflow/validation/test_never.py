"""Which conditions are certainly false before a run begins."""

from __future__ import annotations

import pytest

from mlctl.workflow.model.call import Call
from mlctl.workflow.validation.never import never_made

VALUES = {"executor": "local", "count": "3"}


@pytest.mark.parametrize(
    ("when", "never"),
    [
        (None, False),
        ("{{workflow.parameters.executor}} == local", False),
        ("{{workflow.parameters.executor}} == rayjob", True),
        ("{{ workflow.parameters.executor }} != local", True),
        ("{{workflow.parameters.count}} > 5", True),
        ("{{workflow.parameters.unknown}} == x", False),
        ("{{inputs.parameters.executor}} == rayjob", False),
        ("{{workflow.parameters.executor}} == rayjob && {{workflow.status}} != Succeeded", True),
        ("{{workflow.parameters.executor}} == local && {{workflow.status}} != Succeeded", False),
        ("{{workflow.parameters.executor}} == rayjob || {{workflow.status}} != Succeeded", False),
        ("!({{workflow.parameters.executor}} == rayjob && {{workflow.status}} == Failed)", False),
        ("'{{workflow.parameters.executor}}' == 'rayjob'", True),
        ("{{=workflow.parameters.executor == 'rayjob'}}", False),
        ("nonsense ==", False),
    ],
)
def test_certainly_false(when: str | None, never: bool) -> None:
    assert never_made(Call.read({"name": "c", "template": "t", "when": when}), VALUES) is never
