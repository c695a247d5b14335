"""The rendered manifests: fresh, runnable here, and such as the cluster's admission lets in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from mlctl.cli.workflow import workflow as command
from mlctl.config.environment import Environment
from mlctl.config.load import load_environments
from mlctl.errors import InputError
from mlctl.workflow.catalog import load_catalog
from mlctl.workflow.expression.evaluate import evaluate
from mlctl.workflow.expression.namespace import Roots
from mlctl.workflow.render import orphans, render
from mlctl.workflow.scope import Scope
from mlctl.workflow.validation.check import check

ROOT = Path(__file__).parents[2]
RENDERED = ROOT / "workflows" / "rendered"
ENVIRONMENTS = {environment.name: environment for environment in load_environments(ROOT / "environments")}
FILES = sorted(RENDERED.rglob("*.yaml"))
KINDS = {
    "backfill",
    "batch-scoring",
    "distributed-training",
    "monitoring",
    "monitoring-cron",
    "promotion-checks",
    "retraining",
    "rollback",
    "training",
    "training-cron",
}


def _documents() -> Iterator[tuple[Environment, dict[str, Any]]]:
    for path in FILES:
        yield ENVIRONMENTS[path.parent.name], yaml.safe_load(path.read_text(encoding="utf-8"))


def _scripts() -> Iterator[tuple[Environment, dict[str, Any], dict[str, Any]]]:
    for environment, document in _documents():
        for template in document["spec"].get("templates", ()):
            if "script" in template:
                yield environment, document, template


@pytest.mark.parametrize("name", sorted(ENVIRONMENTS))
def test_the_rendered_files_are_fresh(name: str) -> None:
    files = render(ROOT / "workflows", RENDERED, ENVIRONMENTS[name])
    assert [str(file.path) for file in files if file.stale] == []
    assert orphans(RENDERED, ENVIRONMENTS[name], files) == []


@pytest.mark.parametrize("name", sorted(ENVIRONMENTS))
def test_every_model_has_every_workflow(name: str) -> None:
    found = {path.stem for path in (RENDERED / name).glob("*.yaml")}
    assert found >= {f"{model}-{kind}" for model in ENVIRONMENTS[name].models for kind in KINDS}


@pytest.mark.parametrize(
    "path", [path for path in FILES if "distributed" not in path.name], ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_runs_on_one_machine(path: Path) -> None:
    assert check(load_catalog(path), entrypoint=None).entrypoint


def test_pods_carry_the_labels_of_the_namespace_they_run_in() -> None:
    for environment, document in _documents():
        if document["kind"] == "WorkflowTemplate":
            team = environment.team(document["metadata"]["namespace"])
            labels = document["spec"]["podMetadata"]["labels"]
            assert (labels["team"], labels["cost-centre"]) == (team.name, team.cost_centre)
            assert document["spec"]["serviceAccountName"] == "workflow"


def test_images_come_from_the_environments_registry_and_never_change() -> None:
    for environment, document, template in _scripts():
        image = template["script"]["image"]
        assert image.startswith(f"{environment.account}.dkr.ecr.{environment.region}.amazonaws.com/"), document["metadata"]["name"]
        assert image.rpartition(":")[2] not in ("latest", "main", "master", "")


def test_pods_are_confined_and_limited_in_machine_and_time() -> None:
    for _, document, template in _scripts():
        where = f"{document['metadata']['name']}.{template['name']}"
        security = template["script"]["securityContext"]
        assert security["runAsNonRoot"], where
        assert security["readOnlyRootFilesystem"], where
        assert security["capabilities"] == {"drop": ["ALL"]}, where
        assert template["script"]["resources"]["limits"]["memory"], where
        assert template["activeDeadlineSeconds"] > 0, where
        assert template["retryStrategy"]["backoff"]["factor"] == 2, where


@pytest.mark.parametrize(
    ("status", "code", "message", "again"),
    [
        ("Error", "-1", "pod deleted", True),
        ("Failed", "137", "Error (exit code 137)", True),
        ("Failed", "143", "Error (exit code 143)", True),
        ("Failed", "3", "Error (exit code 3)", True),
        ("Failed", "137", "OOMKilled (exit code 137)", False),
        ("Failed", "1", "Error (exit code 1)", False),
        ("Failed", "2", "Error (exit code 2)", False),
    ],
)
def test_what_is_lost_is_tried_again_and_what_failed_is_not(status: str, code: str, message: str, again: bool) -> None:
    found = {template["retryStrategy"]["expression"] for _, _, template in _scripts()}
    scope = Scope({"lastRetry.status": status, "lastRetry.exitCode": code, "lastRetry.message": message})
    assert [evaluate(expression, Roots(scope)) for expression in found] == [again]


def test_no_step_can_fill_a_nodes_disk() -> None:
    for _, document, template in _scripts():
        limits = [volume["emptyDir"].get("sizeLimit") for volume in template["volumes"] if "emptyDir" in volume]
        assert limits and all(limits), f"{document['metadata']['name']}.{template['name']}"


def test_gpu_steps_and_no_others_ask_for_gpus_and_tolerate_their_taint() -> None:
    seen = set()
    for _, _, template in _scripts():
        gpu = "nvidia.com/gpu" in template["script"]["resources"]["limits"]
        tolerated = any(item["key"] == "nvidia.com/gpu" for item in template.get("tolerations", ()))
        assert gpu == tolerated == (template["name"] == "train-on-gpu")
        if gpu:
            seen.add(template["nodeSelector"]["karpenter.sh/capacity-type"])
    assert seen == {pool.capacity for item in ENVIRONMENTS.values() for pool in item.cluster.node_pools if pool.kind == "gpu"}


def test_schedules_are_those_of_the_environment() -> None:
    for environment, document in _documents():
        if document["kind"] == "CronWorkflow":
            wanted = {"training": environment.schedules.training, "monitoring": environment.schedules.monitoring}
            kind = document["metadata"]["name"].removesuffix("-cron").rpartition("-")[2]
            if kind in wanted:
                assert document["spec"]["schedules"] == [wanted[kind]]
                assert document["spec"]["concurrencyPolicy"] == "Forbid"


def test_the_champion_changes_by_itself_in_development_only() -> None:
    found = {}
    for environment, document in _documents():
        if document["metadata"]["name"] == "credit-risk-training":
            parameters = {item["name"]: item["value"] for item in document["spec"]["arguments"]["parameters"]}
            found[environment.tier] = parameters["promote"]
    assert found == {"development": "true", "staging": "false", "production": "false"}


def _definitions(folder: Path, text: str) -> Path:
    package = folder / "mine"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "broken.py").write_text(text, encoding="utf-8")
    return package


def test_a_broken_definition_is_named(tmp_path: Path) -> None:
    package = _definitions(tmp_path, "def build(environment):\n    raise KeyError('x')\n")
    with pytest.raises(InputError, match=r"mine/broken.py: build\(dev\) failed: KeyError"):
        render(package, tmp_path / "out", ENVIRONMENTS["dev"])


def test_a_folder_without_definitions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no folder of workflow definitions"):
        render(tmp_path, tmp_path / "out", ENVIRONMENTS["dev"])


def test_check_names_a_stale_file_and_writes_nothing(tmp_path: Path) -> None:
    arguments = ["render", "--env", "dev", "--definitions", str(ROOT / "workflows"), "--environments", str(ROOT / "environments")]
    written = CliRunner().invoke(command, [*arguments, "--out", str(tmp_path)])
    assert written.exit_code == 0, written.output
    stale = tmp_path / "dev" / "churn-training.yaml"
    stale.write_text("kind: Workflow\n", encoding="utf-8")
    (tmp_path / "dev" / "gone.yaml").write_text("kind: Workflow\n", encoding="utf-8")
    checked = CliRunner().invoke(command, [*arguments, "--out", str(tmp_path), "--check"])
    assert checked.exit_code == 1
    assert checked.output.splitlines()[:2] == [f"stale {stale}", f"stale {tmp_path / 'dev' / 'gone.yaml'}: no definition gives it"]
    assert stale.read_text(encoding="utf-8") == "kind: Workflow\n"
