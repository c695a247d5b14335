"""The command line of `mlctl workflow`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlctl.cli.workflow import workflow
from mlctl.errors import InputError

ACCEPTED = Path(__file__).parents[1] / "workflow/manifests/accepted"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_run_show_and_list(here: Path) -> None:
    runner = CliRunner()
    ran = runner.invoke(workflow, ["run", str(ACCEPTED / "steps_run_one_after_another.yaml")])
    assert ran.exit_code == 0, ran.output
    assert "first: fine" in ran.output
    assert "✔ second Succeeded" in ran.output
    run = next((here / ".mlctl/runs").glob("*/journal.jsonl")).parent.name
    shown = runner.invoke(workflow, ["show", run]).output.splitlines()
    assert shown[0] == f"{run}  Succeeded"
    assert [line.split("  ")[0] for line in shown[2:6]] == [f"✔ {run}", "├─✔ [0]", "│ └─✔ first", "└─✔ [1]"]
    assert shown[6].strip().startswith("└─✔ second  ")
    listed = runner.invoke(workflow, ["list", "--format", "json"])
    assert [(entry["run"], entry["phase"], entry["steps"]) for entry in json.loads(listed.output)] == [(run, "Succeeded", 2)]


def test_json_is_alone_on_standard_output(here: Path) -> None:
    file = str(ACCEPTED / "dag_outputs_from_a_task.yaml")
    ran = CliRunner().invoke(workflow, ["run", file, "--format", "json"])
    found = json.loads(ran.output)
    assert (found["phase"], found["outputs"]) == ("Succeeded", {"whole": "made", "computed": "MADE"})
    nodes = json.loads(CliRunner().invoke(workflow, ["show", found["run"], "--format", "json"]).output)["nodes"]
    assert [child["displayName"] for child in nodes[0]["children"]] == ["make"]


def test_a_failed_workflow_ends_with_1(here: Path) -> None:
    ran = CliRunner().invoke(workflow, ["run", str(ACCEPTED / "exit_code_fails_the_workflow.yaml")])
    assert ran.exit_code == 1
    assert "try what failed again with `mlctl workflow run --resume" in ran.output


def test_a_name_means_a_rendered_manifest(here: Path) -> None:
    folder = here / "elsewhere/prod"
    folder.mkdir(parents=True)
    (folder / "hello.yaml").write_text((ACCEPTED / "container_runs_a_command.yaml").read_text())
    ran = CliRunner().invoke(workflow, ["run", "hello", "--env", "prod", "--rendered", "elsewhere"])
    assert ran.exit_code == 0
    with pytest.raises(InputError, match="there is no workflow `helo` for `prod`; allowed: hello"):
        CliRunner().invoke(workflow, ["run", "helo", "--env", "prod", "--rendered", "elsewhere"], catch_exceptions=False)


def test_a_parameter_there_is_not(here: Path) -> None:
    file = str(ACCEPTED / "workflow_parameters_from_the_command_line.yaml")
    with pytest.raises(InputError, match=r"no parameter `txt`; allowed: text; did you mean `text`\?"):
        CliRunner().invoke(workflow, ["run", file, "-p", "txt=x"], catch_exceptions=False)
    assert not (here / ".mlctl").exists()


def test_an_artifact_from_the_command_line(here: Path) -> None:
    (here / "data.txt").write_text("mine")
    (here / "w.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: w-}\nspec:\n  entrypoint: main\n"
        "  arguments: {artifacts: [{name: data, s3: {key: k}}]}\n  templates:\n    - name: main\n"
        "      inputs: {artifacts: [{name: data, path: /tmp/d}]}\n"
        "      container: {image: i, command: [cat, /tmp/d]}\n"
    )
    ran = CliRunner().invoke(workflow, ["run", "w.yaml", "--artifact", "data=data.txt"])
    assert ran.exit_code == 0, ran.output
    assert "mine" in ran.output


def test_what_resume_does_not_go_with(here: Path) -> None:
    ran = CliRunner().invoke(workflow, ["run", "x.yaml", "--resume", "r"])
    assert ran.exit_code == 2
    assert "goes on with the manifest" in ran.output


def test_mermaid(here: Path) -> None:
    found = json.loads(CliRunner().invoke(workflow, ["run", str(ACCEPTED / "with_items_scalars.yaml"), "--format", "json"]).output)
    drawn = CliRunner().invoke(workflow, ["show", found["run"], "--format", "mermaid"]).output
    assert drawn.startswith("flowchart TD\n")
    assert drawn.count("-->") == 6


SEVERAL = Path(__file__).parents[1] / "workflow/manifests/refused/several_workflows_in_a_file.yaml"


def test_one_of_several_is_chosen_by_name(here: Path) -> None:
    ran = CliRunner().invoke(workflow, ["run", str(SEVERAL), "--name", "second"])
    assert ran.exit_code == 0, ran.output
    assert ": second\n" in ran.output
    assert ": first\n" not in ran.output
    with pytest.raises(InputError, match="holds no `third`; allowed: first, second"):
        CliRunner().invoke(workflow, ["run", str(SEVERAL), "--name", "third"], catch_exceptions=False)


def test_a_config_map_in_another_file_is_kept_with_the_run(here: Path) -> None:
    label = "workflows.argoproj.io/configmap-type: Parameter"
    metadata = f"metadata: {{name: words, labels: {{{label}}}}}"
    (here / "map.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\n{metadata}\ndata: {{greeting: hello there}}\n")
    (here / "w.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: w-}\nspec:\n  entrypoint: main\n"
        "  arguments: {parameters: [{name: text, valueFrom: {configMapKeyRef: {name: words, key: greeting}}}]}\n"
        "  templates:\n    - name: main\n      container: {image: i, command: [echo, '{{workflow.parameters.text}}']}\n"
    )
    ran = CliRunner().invoke(workflow, ["run", "w.yaml"])
    assert ran.exit_code == 0, ran.output
    assert "hello there" in ran.output
