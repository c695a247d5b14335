"""A run may lie in a folder whose name would mean something to a shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlctl.workflow.engine.plain_folder import plain_folder
from mlctl.workflow.engine.session import Options
from mlctl.workflow.engine.watch import Silent
from mlctl.workflow.local import Start, resume_run, start_run

MANIFEST = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: odd-}
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - {name: make, template: make}
        - - {name: read, template: read, arguments: {artifacts: [{name: data, from: "{{steps.make.outputs.artifacts.data}}"}]}}
      outputs: {parameters: [{name: said, valueFrom: {parameter: "{{steps.read.outputs.result}}"}}]}
    - name: make
      outputs: {artifacts: [{name: data, path: /tmp/data.txt}]}
      script: {image: i, command: [sh], source: "echo hello > /tmp/data.txt"}
    - name: read
      inputs: {artifacts: [{name: data, path: /tmp/in.txt}]}
      script: {image: i, command: [sh], source: "echo /tmp/in.txt; cat /tmp/in.txt; test -e GATE"}
"""


@pytest.mark.parametrize("name", ["My Projects", "a&b;c", "it's", "Ärger"])
def test_steps_find_their_files_and_the_run_can_be_resumed(name: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(MANIFEST.replace("GATE", str(tmp_path / "gate")))
    options = Options(project=tmp_path)
    first = start_run(tmp_path / name, Start(file=file), Silent(), options)
    assert str(first.result.phase) == "Failed"
    assert first.result.folder == tmp_path / name / first.result.run
    (tmp_path / "gate").touch()
    again = resume_run(tmp_path / name, first.result.run, Silent(), options)
    assert again.as_json()["outputs"] == {"said": "/tmp/in.txt\nhello"}


def test_a_plain_path_is_taken_as_it_is(tmp_path: Path) -> None:
    with plain_folder(tmp_path) as place:
        assert place == tmp_path


def test_the_link_is_gone_afterwards(tmp_path: Path) -> None:
    odd = tmp_path / "a b"
    odd.mkdir()
    with plain_folder(odd) as place:
        assert place != odd
        assert place.resolve() == odd
    assert not place.exists()
    assert odd.exists()
