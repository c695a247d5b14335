"""Deployments with a stand-in for the Pulumi engine that writes down how it was called, and fails where it is told."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mlctl.config import load_environments
from mlctl.errors import BlockedError, InputError, ServiceError
from mlctl.evidence.log import EvidenceLog
from mlctl.promotion.deployed import deployment_events
from mlctl.promotion.deployment import Deployment, choose_stacks, drift_report, github_roles, refuse_drift
from mlctl.promotion.history import served_since
from mlctl.promotion.move import promote
from mlctl.promotion.smoke import smoke
from tests.mlctl.promotion.conftest import Stage, prove, who

ENGINE = """#!/usr/bin/env python3
import json, os, pathlib, sys
here = pathlib.Path(os.environ["STAND_IN"])
stack = pathlib.Path(sys.argv[2]).name
command = sys.argv[3]
with (here / "calls").open("a") as file:
    file.write(f"{command} {stack}\\n")
(here / f"{command}-{stack}").write_text(json.dumps([sys.argv[4:], os.environ["PULUMI_BACKEND_URL"]]))
if "--save-plan" in sys.argv:
    pathlib.Path(sys.argv[sys.argv.index("--save-plan") + 1]).write_text("plan of " + stack)
if "--plan" in sys.argv and pathlib.Path(sys.argv[sys.argv.index("--plan") + 1]).read_text() != "plan of " + stack:
    sys.exit(9)
answers = json.loads((here / "answers").read_text())
answer = answers.get(f"{command} {stack}", {"status": 0, "out": ""})
print(answer["out"], end="")
print(answer.get("err", ""), file=sys.stderr)
sys.exit(answer["status"])
"""
ORDER = ["foundation", "registries", "cluster", "serving"]


class StandIn:
    """The calls, and what to answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answer({})

    def answer(self, answers: dict[str, dict[str, Any]]) -> None:
        (self.folder / "answers").write_text(json.dumps(answers))

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def arguments(self, name: str) -> tuple[list[str], str]:
        arguments, backend = json.loads((self.folder / name).read_text())
        return arguments, backend


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "pulumi").write_text(ENGINE)
    (folder / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN", str(folder))
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    return StandIn(folder)


@pytest.fixture
def deployment(repo: Path) -> Deployment:
    [dev] = load_environments(repo / "environments", ["dev"])
    return Deployment(repo, dev, ORDER, repo / "config.json")


def test_each_stack_is_updated_as_it_was_previewed_in_order_with_the_policy_pack(
    repo: Path, pulumi: StandIn, deployment: Deployment, tmp_path: Path
) -> None:
    done: list[str] = []
    deployment.up(tmp_path, done=done)
    assert done == ORDER
    assert pulumi.calls == [f"{command} {stack}" for stack in ORDER for command in ("preview", "up")]
    arguments, backend = pulumi.arguments("up-cluster")
    pack = ["--policy-pack", str(repo / "policies" / "pack"), "--policy-pack-config", str(repo / "config.json")]
    plan = ["--plan", str(tmp_path / "cluster.json")]
    assert arguments == ["--yes", "--skip-preview", *pack, *plan, "--stack", "dev", "--non-interactive"]
    assert backend == "s3://acme-dev-state-111111111111?region=us-east-1"


@pytest.mark.parametrize("command", ["preview", "up"])
def test_a_failure_at_the_third_stack_stops_there_and_says_how_far_it_came(
    pulumi: StandIn, deployment: Deployment, tmp_path: Path, command: str
) -> None:
    pulumi.answer({f"{command} cluster": {"status": 255, "out": ""}})
    done: list[str] = []
    with pytest.raises(ServiceError) as failed:
        deployment.up(tmp_path, done=done)
    assert done == ["foundation", "registries"]
    assert str(failed.value) == (
        f"pulumi {command} of cluster in dev ended with status 255; deployed before it: foundation, registries; not begun: serving; "
        "mend the cause and run the same command again: what is deployed is left as it is"
    )
    assert "preview serving" not in pulumi.calls
    pulumi.answer({})
    again: list[str] = []
    deployment.up(tmp_path, done=again)
    assert again == ORDER


def outputs(**stacks: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"stack {stack}": {"status": 0, "out": json.dumps(values)} for stack, values in stacks.items()}


def test_what_was_previewed_for_people_is_what_is_applied(pulumi: StandIn, deployment: Deployment, tmp_path: Path) -> None:
    plans = tmp_path / "plans"
    plans.mkdir()
    deployment.preview(plans)
    assert sorted(path.name for path in plans.iterdir()) == sorted(f"{stack}.json" for stack in ORDER)
    pulumi.answer(outputs(**{stack: {"a": 1} for stack in ORDER}))
    deployment.up(plans, done=[])
    assert [call for call in pulumi.calls[len(ORDER) :] if not call.startswith("stack ")] == [f"up {stack}" for stack in ORDER]


def changing(pulumi: StandIn, stack: str) -> None:
    """The exports of a stack change when it is updated."""
    pulumi.answer(outputs(**{name: {"a": 1} for name in ORDER}))
    script = (pulumi.folder / "pulumi").read_text()
    note = f'if command == "up" and stack == "{stack}":\n    answers = json.loads((here / "answers").read_text())\n'
    note += (
        f'    answers["stack {stack}"] = {{"status": 0, "out": \'{{"a": 2}}\'}}\n    (here / "answers").write_text(json.dumps(answers))\n'
    )
    (pulumi.folder / "pulumi").write_text(script.replace("answers = json.loads", note + "answers = json.loads", 1))


def test_a_plan_made_before_the_exports_it_reads_is_made_anew(
    pulumi: StandIn, deployment: Deployment, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    deployment.preview(tmp_path)
    changing(pulumi, "registries")
    deployment.up(tmp_path, done=[])
    calls = [call for call in pulumi.calls[len(ORDER) :] if not call.startswith("stack ")]
    assert calls == ["up foundation", "up registries", "preview cluster", "up cluster", "preview serving", "up serving"]
    assert "registries exports something else since cluster was previewed: previewed again" in capfd.readouterr().err


def test_in_production_nothing_is_applied_that_nobody_looked_at(repo: Path, pulumi: StandIn, tmp_path: Path) -> None:
    [prod] = load_environments(repo / "environments", ["prod"])
    deployment = Deployment(repo, prod, ORDER, repo / "config.json")
    deployment.preview(tmp_path)
    changing(pulumi, "registries")
    done: list[str] = []
    with pytest.raises(BlockedError, match="deployed: foundation, registries; not begun: cluster, serving; run the same workflow again"):
        deployment.up(tmp_path, done=done)
    assert done == ["foundation", "registries"] and "up cluster" not in pulumi.calls


def test_previews_change_nothing(pulumi: StandIn, deployment: Deployment) -> None:
    deployment.preview()
    assert pulumi.calls == [f"preview {stack}" for stack in ORDER]


def answer(summary: dict[str, int], *steps: tuple[str, str]) -> dict[str, Any]:
    value = {"changeSummary": summary, "steps": [{"op": op, "urn": urn} for op, urn in steps]}
    return {"status": 0, "out": "warning: something\n" + json.dumps(value)}


def test_drift_is_what_a_refresh_would_change(pulumi: StandIn, deployment: Deployment) -> None:
    quiet = answer({"same": 12}, ("same", "urn:a"))
    drifted = answer({"same": 3, "update": 1, "delete": 1}, ("update", "urn:b"), ("delete", "urn:c"), ("same", "urn:d"))
    pulumi.answer({f"refresh {stack}": quiet for stack in ORDER} | {"refresh cluster": drifted})
    found = deployment.drift()
    assert [(item.stack, item.changes, item.resources) for item in found] == [
        ("cluster", {"update": 1, "delete": 1}, ("delete urn:c", "update urn:b"))
    ]
    assert pulumi.arguments("refresh-cluster")[0] == ["--preview-only", "--json", "--stack", "dev", "--non-interactive"]
    report = drift_report("dev", found)
    assert "### cluster: 1 delete, 1 update\n\n- `delete urn:c`\n- `update urn:b`\n" in report
    with pytest.raises(BlockedError, match="dev has drifted in cluster"):
        refuse_drift(found, "dev")
    refuse_drift([], "dev")


@pytest.mark.parametrize("out", ["", "{", "[]", '{"changeSummary": 3}'])
def test_nonsense_is_no_drift_and_no_peace(pulumi: StandIn, deployment: Deployment, out: str) -> None:
    pulumi.answer({"refresh foundation": {"status": 0, "out": out}})
    with pytest.raises(ServiceError, match="what pulumi says about foundation is not the JSON that was expected"):
        deployment.drift()


def test_what_the_engine_says_is_passed_on(pulumi: StandIn, deployment: Deployment) -> None:
    pulumi.answer({"refresh foundation": {"status": 255, "out": "", "err": "error: the lock is held"}})
    with pytest.raises(ServiceError, match="ended with status 255: error: the lock is held"):
        deployment.drift()
    pulumi.answer({"stack serving": {"status": 0, "out": '{"a": 1}'}})
    assert deployment.outputs("serving") == {"a": 1}
    pulumi.answer({"stack serving": {"status": 0, "out": "moo"}})
    with pytest.raises(ServiceError, match="is no JSON object"):
        deployment.outputs("serving")


def test_no_engine(repo: Path, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match="pulumi is not installed"):
        deployment.preview()


def test_stacks_by_name_keep_the_order() -> None:
    assert choose_stacks(ORDER, ["serving", "registries"]) == ["registries", "serving"]
    assert choose_stacks(ORDER, []) == ORDER
    with pytest.raises(InputError, match="there is no stack 'x'; allowed: foundation, "):
        choose_stacks(ORDER, ["x"])


def test_roles_are_those_the_foundation_makes(repo: Path) -> None:
    [prod] = load_environments(repo / "environments", ["prod"])
    assert github_roles(prod) == {
        "environment": "prod",
        "region": "us-east-1",
        "preview_role": "arn:aws:iam::333333333333:role/acme-prod-github-preview",
        "deploy_role": "arn:aws:iam::333333333333:role/acme-prod-github-deploy",
        "audit_bucket": "acme-prod-audit-333333333333",
    }


def test_a_deployment_is_recorded_once_and_begins_the_soak(repo: Path) -> None:
    prove(repo, 1)
    promote(repo, "churn", "dev", who())
    log = EvidenceLog(repo / "evidence")
    [dev] = load_environments(repo / "environments", ["dev"])
    events = deployment_events(dev, list(log.records()), who(2))
    assert [(event.kind, event.model, event.version, event.environment) for event in events] == [("deployment", "churn", 1, "dev")]
    log.append(events)
    assert deployment_events(dev, list(log.records()), who(3)) == []
    served = served_since(list(log.records("churn")), "dev", 1)
    assert served is not None and served.deployed and served.since == who(2).now


class Credentials:
    access_key, secret_key, token = "AKIATEST", "secret", None


@pytest.mark.parametrize(
    ("status", "version", "verdicts"),
    [
        ((403, 400), "1", ["pass", "pass", "pass"]),
        ((200, 400), "1", ["pass", "fail", "pass"]),
        ((401, 400), "2", ["pass", "pass", "fail"]),
        ((401, 503), "1", ["pass", "pass", "fail"]),
    ],
)
def test_smoke(repo: Path, stage: Stage, status: tuple[int, int], version: str, verdicts: list[str]) -> None:
    prove(repo, 1)
    promote(repo, "churn", "dev", who())
    [dev] = load_environments(repo / "environments", ["dev"])
    stage.on("POST", "/models/churn", status[0])
    stage.on("POST", "/models/churn", status[1], None, x_model_version=version)
    outputs = {"front_door_url": stage.url, "model_paths": {"churn": "/models/churn"}, "model_versions": {"churn": 1.0}}
    assert [check.verdict for check in smoke(dev, outputs, Credentials())] == verdicts


def test_smoke_finds_what_was_not_deployed(repo: Path, stage: Stage) -> None:
    prove(repo, 1)
    promote(repo, "churn", "dev", who())
    [dev] = load_environments(repo / "environments", ["dev"])
    [check] = smoke(dev, {"model_versions": {}})
    assert (check.verdict, check.detail) == ("fail", "deployed and pinned differ: churn")
    with pytest.raises(ServiceError, match="cannot be reached"):
        smoke(dev, {"front_door_url": "http://127.0.0.1:9", "model_paths": {"churn": "/x"}, "model_versions": {"churn": 1}})
