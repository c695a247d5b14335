"""What the SDK's threads may do in any order."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from pulumi.runtime.proto import resource_pb2

from mlctl.plan.answers import Answers
from mlctl.plan.monitor import STACK_TYPE, RecordingMonitor
from mlctl.plan.program import Program
from mlctl.plan.wire import to_struct


@pytest.mark.parametrize("order", list(permutations([{}, {"ami": "ami-1"}])))
def test_an_empty_registration_takes_no_export_away(tmp_path: Path, order: tuple[dict[str, str], ...]) -> None:
    """For a stack the SDK registers no outputs, then its outputs, in two threads; either may come last."""
    program = Program(project="app", stack="dev", folder=tmp_path, entry=tmp_path / "__main__.py")
    monitor = RecordingMonitor(program, Answers(), lambda _: (None, ()), tmp_path)
    urn = monitor.RegisterResource(resource_pb2.RegisterResourceRequest(type=STACK_TYPE, name="app-dev")).urn
    for outputs in order:
        monitor.RegisterResourceOutputs(resource_pb2.RegisterResourceOutputsRequest(urn=urn, outputs=to_struct(outputs)))
    assert monitor.recording.exports == {"ami": "ami-1"}
    assert monitor.recording.resources[urn].outputs == {"ami": "ami-1"}
