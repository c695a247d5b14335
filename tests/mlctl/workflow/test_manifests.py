"""Every manifest beside this file does what its first lines say.

The lines that begin with `#:` are YAML: `phase`, and by the display name of a node its phase in `nodes` (null: there is none),
its standard output in `results`, its message in `messages`; `outputs` are the entrypoint's parameters. What a real Argo does otherwise is
in `argo`, with the reason: tests/engine/test_argo_runs.py runs them all there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlctl.errors import InputError
from mlctl.workflow.engine.node import Node
from mlctl.workflow.engine.session import Options
from mlctl.workflow.engine.watch import Silent
from mlctl.workflow.local import Start, start_run

MANIFESTS = Path(__file__).parent / "manifests"
ACCEPTED = sorted((MANIFESTS / "accepted").glob("*.yaml"))
REFUSED = sorted((MANIFESTS / "refused").glob("*.yaml"))
KEYS = {"what", "phase", "nodes", "results", "messages", "outputs", "parameters", "supplied", "env", "approve", "argo"}


def expectation(file: Path) -> dict[str, Any]:
    lines = [line[2:] for line in file.read_text().splitlines() if line.startswith("#:")]
    found: dict[str, Any] = yaml.safe_load("\n".join(lines))
    return found


def every_node(nodes: list[Node]) -> list[Node]:
    return [found for node in nodes for found in (node, *every_node(node.children))]


@pytest.mark.parametrize("file", ACCEPTED, ids=lambda file: file.stem)
def test_a_manifest_does_what_it_says(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = expectation(file)
    assert set(expected) <= KEYS and set(expected.get("argo", {"why": ""})) - KEYS == {"why"}, (
        "a misspelt expectation would never be checked"
    )
    for name, value in (expected.get("env") or {}).items():
        monkeypatch.setenv(name, value)
    ended = start_run(
        tmp_path / "runs",
        Start(file=file, parameters=expected.get("parameters") or {}),
        Silent(),
        Options(
            project=Path(__file__).parent,
            jobs=4,
            approve=expected.get("approve", False),
            supplied=expected.get("supplied") or {},
        ),
    )
    nodes = {node.display.replace(ended.result.run, "main"): node for node in every_node(ended.result.roots)}
    seen = {name: f"{node.phase} {node.message} {node.outputs.result!r}" for name, node in nodes.items()}
    assert str(ended.result.phase) == expected["phase"], seen
    for name, phase in (expected.get("nodes") or {}).items():
        assert (str(nodes[name].phase) if name in nodes else None) == phase, seen
    for name, result in (expected.get("results") or {}).items():
        assert nodes[name].outputs.result == result, seen
    for name, message in (expected.get("messages") or {}).items():
        assert message in nodes[name].message, seen
    if "outputs" in expected:
        assert nodes["main"].outputs.parameters == expected["outputs"]


@pytest.mark.parametrize("file", REFUSED, ids=lambda file: file.stem)
def test_a_manifest_is_refused_before_anything_runs(file: Path, tmp_path: Path) -> None:
    expected = expectation(file)
    with pytest.raises(InputError) as caught:
        start_run(tmp_path / "runs", Start(file=file), Silent(), Options(project=tmp_path))
    assert expected["error"] in str(caught.value)
    assert caught.value.exit_status == 2
    if expected.get("line"):
        assert caught.value.line == _line_of(file, expected["line"])
    assert not (tmp_path / "runs").exists()


def _line_of(file: Path, text: str) -> int:
    lines = file.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line and not line.startswith("#:"))


def test_there_are_at_least_eighty() -> None:
    assert len(ACCEPTED) + len(REFUSED) >= 80
