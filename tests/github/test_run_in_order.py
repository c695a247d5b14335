"""Runs every command of a workflow in its order, as the shell of a runner would, in a clone of this repository with a real local remote.

Stand-ins: `make` (what it builds is there already), the Pulumi engine, Docker, GitHub's API, and moto for AWS.
"""

from __future__ import annotations

import io
import json
import os
import shlex
import ssl
import subprocess
import sys
import threading
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
import yaml

from mlctl.evidence.inbox import Inbox
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event
from tests.github.cost_explorer import cost_explorer
from tests.github.test_workflows import FOLDER, load, steps
from tests.mlctl.promotion.conftest import DETAILS, KINDS, SOURCE, Stage, stage
from tests.mlctl.promotion.test_deployment import ENGINE
from tests.mlctl.workflow.test_argo_server import FakeArgo
from tests.mlctl.workflow.test_argo_server import _certificate as certificate
from tests.moto_server import moto_process, moto_server

__all__ = ["moto_process", "moto_server", "stage"]
pytestmark = pytest.mark.slow
REPO = "/repos/acme/ml-platform"
AUDIT = "acme-dev-audit-111111111111"


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@acme.example", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Runner:
    """A runner of GitHub's with a checkout."""

    def __init__(self, root: Path, bin_folder: Path, github: Stage, aws: str) -> None:
        self.root, self.bin = root, bin_folder
        self.variables = {
            **{name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "MLCTL_ENVIRONMENTS")},
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(root),
            "STAND_IN": str(bin_folder),
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": "t0ken",
            "GITHUB_ACTOR": "ada",
            "GITHUB_OUTPUT": str(bin_folder / "output"),
            "AWS_ENDPOINT_URL": aws,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AUDIT_BUCKET": AUDIT,
        }

    def run(self, workflow: str, *, status: int = 0, **variables: str) -> list[str]:
        """Run the commands; their outputs. The first that fails must be the last one looked at, and end with `status`."""
        outputs = []
        for step in steps(load(FOLDER / f"{workflow}.yml")):
            if "run" not in step:
                continue
            command = ["bash", "-e", "-c", step["run"]]
            environment = {**self.variables, **variables}
            done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
            said = f"{step['run']}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            assert done.returncode in (0, status), said
            outputs.append(done.stdout)
            if done.returncode:
                return outputs
        assert status == 0, "every command passed"
        return outputs

    def tool(self, *arguments: str) -> str:
        """What a command of mlctl's prints."""
        line = [str(self.root / ".venv" / "bin" / "mlctl"), *arguments]
        return subprocess.run(line, cwd=self.root, env=self.variables, check=True, capture_output=True, text=True).stdout

    def calls(self, name: str) -> list[str]:
        path = self.bin / name
        return path.read_text().splitlines() if path.exists() else []

    def merge(self, branch: str) -> None:
        """What pressing the button does, and the next checkout."""
        git(self.root, "fetch", "--quiet", "origin", branch)
        git(self.root, "merge", "--quiet", "--ff-only", "FETCH_HEAD")
        git(self.root, "push", "--quiet", "origin", "HEAD:main")

    def pinned(self, model: str = "churn") -> Any:
        return yaml.safe_load((self.root / "environments" / "dev.yaml").read_text())["models"][model].get("version")


@pytest.fixture
def runner(tmp_path: Path, stage: Stage, moto_server: str) -> Runner:
    root, bare, folder = tmp_path / "checkout", tmp_path / "remote.git", tmp_path / "bin"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(SOURCE), str(bare)], check=True)
    git(bare, "update-ref", "refs/heads/main", git(SOURCE, "rev-parse", "HEAD"))
    subprocess.run(["git", "clone", "--quiet", "-b", "main", str(bare), str(root)], check=True)
    folder.mkdir()
    scripts = {
        "pulumi": ENGINE.replace("#!/usr/bin/env python3", f"#!{sys.executable}"),
        "make": '#!/bin/sh\necho "make $*" >>"$STAND_IN/makes"\n',
        "docker": '#!/bin/sh\necho "docker $*" >>"$STAND_IN/dockers"\n',
    }
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    tool = root / ".venv" / "bin" / "mlctl"
    tool.parent.mkdir(parents=True)
    tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "from mlctl.cli.main import main; main()" "$@"\n')
    tool.chmod(0o755)
    values = {"model": "churn", "date": datetime.now(UTC).isoformat(), "actor": "training", "verdict": "pass"}
    for version in (1, 2):
        events = [Event(kind=kind, version=version, details=_details(root, kind), **values) for kind in KINDS]  # type: ignore[arg-type]
        EvidenceLog(root / "evidence").append(events)
    git(root, "add", "evidence")
    git(root, "commit", "--quiet", "-m", "trained")
    git(root, "push", "--quiet", "origin", "HEAD:main")
    stage.on("GET", f"{REPO}/pulls", 200, [])
    stage.on("POST", f"{REPO}/pulls", 201, {"html_url": "https://github.example/pull/1"})
    return Runner(root, folder, stage, moto_server)


def _details(root: Path, kind: str) -> dict[str, str]:
    if kind != "data_contract":
        return DETAILS.get(kind, {})
    version = yaml.safe_load((root / "ml" / "models" / "churn.yaml").read_text())["contract"]["version"]
    return {"contract_version": f"{version}+abc"}


def answers(runner: Runner, **given: Any) -> None:
    same = {"status": 0, "out": json.dumps({"changeSummary": {"same": 1}, "steps": []})}
    stacks = [path.parent.name for path in (runner.root / "stacks").glob("*/Pulumi.yaml")]
    (runner.bin / "answers").write_text(json.dumps({f"refresh {stack}": same for stack in stacks} | given))


def test_promote_deploy_and_roll_back(runner: Runner, stage: Stage) -> None:
    for version in ("1", "2"):
        runner.run("promote", MODEL="churn", ENVIRONMENT="dev", VERSION=version)
        assert runner.pinned() == (None if version == "1" else 1), "nothing serves before the merge"
        runner.merge(f"promote/churn-{version}-to-dev")
        assert runner.pinned() == int(version)

    outputs = {"front_door_url": stage.url, "model_paths": {"churn": "/models/churn"}, "model_versions": {"churn": 2}}
    answers(runner, **{"stack serving": {"status": 0, "out": json.dumps(outputs)}})
    stage.on("POST", "/models/churn", 403)
    stage.on("POST", "/models/churn", 400, None, x_model_version="2")
    score(runner.variables["AWS_ENDPOINT_URL"])
    Cloud(runner).buckets()
    printed = runner.run("deploy", ENVIRONMENT="dev")
    assert [place["environment"] for place in json.loads((runner.bin / "output").read_text().partition("=")[2])] == [
        "dev",
        "staging",
        "prod",
    ]
    calls = [call for call in runner.calls("calls") if call.startswith("up ")]
    assert calls[0] == "up foundation" and len(calls) == len(list((runner.root / "stacks").glob("*/Pulumi.yaml")))
    previewed = [call for call in runner.calls("calls") if call.startswith("preview ")]
    assert previewed == [call.replace("up", "preview", 1) for call in calls], "once, for people to look at"
    assert calls.index("up cluster") < calls.index("up platform") and calls.index("up registries") < calls.index("up serving")
    artefacts, updated, packages, smoke, canaries, proposed, copied = printed[-7:]
    assert (artefacts, packages) == ("everything is in step\n", "everything is in step\n")
    assert "dev: recorded churn version 2" in updated
    assert "pass           churn answers" in smoke and "pass           churn scores" in smoke
    assert canaries == "dev: no version is on trial\n"
    assert "1 records proposed" in proposed
    merged = 2 * len(KINDS) + 2
    assert copied == f"{merged} records copied to {AUDIT}\n", "not the record that waits for its merge"
    assert len(Cloud(runner).locked()) == merged
    git(runner.root, "checkout", "--quiet", "--", "evidence")
    runner.merge("evidence/deployed-dev")
    assert runner.tool("evidence", "copy", "--bucket", AUDIT) == f"1 records copied to {AUDIT}\n"
    assert "are whole" in runner.tool("evidence", "verify", "--bucket", AUDIT)

    runner.run("rollback", MODEL="churn", ENVIRONMENT="dev", REASON="$(touch owned); too slow")
    assert not (runner.root / "owned").exists()
    runner.merge("rollback/churn-in-dev")
    assert runner.pinned() == 1
    log = EvidenceLog(runner.root / "evidence")
    assert log.verify() == []
    kinds = [record.kind for record in log.records("churn")][-4:]
    assert kinds == ["promotion", "promotion", "deployment", "rollback"]
    assert list(log.records("churn"))[-1].details["reason"] == "$(touch owned); too slow"
    assert set(runner.calls("makes")) == {"make .venv/.gate"}


def score(aws: str) -> None:
    """What moto's endpoints answer from now on."""
    row = {"row": 0, "score": 0.2, "decision": "no offer", "reasons": [], "error": None}
    results = [{"Body": json.dumps({"predictions": [row]}), "ContentType": "application/json"}]
    given = {"account_id": "123456789012", "region": "us-east-1", "results": results}
    requests.post(f"{aws}/moto-api/static/sagemaker/endpoint-results", json=given, timeout=10).raise_for_status()


def put_on_trial(runner: Runner) -> None:
    """Version 1 serves, version 2 is on trial; and its router stands in Lambda, with records in S3."""
    for version, options in (("1", []), ("2", ["--trial"])):
        runner.tool("model", "promote", "churn", "--to", "dev", "--version", version, *options)
    git(runner.root, "commit", "--quiet", "-am", "on trial")
    git(runner.root, "push", "--quiet", "origin", "HEAD:main")


class Cloud:
    """boto3 against the runner's AWS."""

    def __init__(self, runner: Runner) -> None:
        self._url = runner.variables["AWS_ENDPOINT_URL"]

    def client(self, service: str) -> Any:
        given = {"endpoint_url": self._url, "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, region_name="us-east-1", **given)

    def buckets(self) -> None:
        """What the registries stack made: models with the artefacts of both versions, and the audit bucket with its lock."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket="acme-dev-models-111111111111")
        for version in (1, 2):
            s3.put_object(Bucket="acme-dev-models-111111111111", Key=f"churn/{version}/model.tar.gz", Body=b"model %d" % version)
        s3.create_bucket(Bucket=AUDIT, ObjectLockEnabledForBucket=True)
        rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
        s3.put_object_lock_configuration(Bucket=AUDIT, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})

    def locked(self) -> list[str]:
        """Keys of the copied records."""
        return [item["Key"] for item in self.client("s3").list_objects_v2(Bucket=AUDIT, Prefix="evidence/")["Contents"]]

    def router(self) -> None:
        role = self.client("iam").create_role(RoleName="router", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("handler.py", "")
        ends = (("acme-dev-churn", "champion", 1, 90), ("acme-dev-churn-challenger", "challenger", 2, 10))
        targets = [dict(zip(("endpoint", "variant", "version", "weight"), end, strict=True)) for end in ends]
        fixed = {"model": "churn", "asynchronous": False, "bucket": "b", "capture_bucket": "acme-dev-argo", "capture_percent": 100}
        settings = {**fixed, "capture_prefix": "retention/capture/churn", "key": "k", "targets": targets}
        self.client("s3").create_bucket(Bucket="acme-dev-argo")
        self.client("lambda").create_function(
            FunctionName="acme-dev-churn-router",
            Runtime="python3.13",
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
            Environment={"Variables": {"ROUTER": json.dumps(settings)}},
        )

    def weights(self) -> list[int]:
        found = self.client("lambda").get_function_configuration(FunctionName="acme-dev-churn-router")
        return [target["weight"] for target in json.loads(found["Environment"]["Variables"]["ROUTER"])["targets"]]

    def count(self, endpoint: str, metric: str, value: float) -> None:
        """As SageMaker does: every ten seconds of the next hour, so that whenever the canary looks there is something to see."""
        dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "champion"}]
        moments = [datetime.now(UTC) + timedelta(seconds=10 * number) for number in range(360)]
        data = [{"MetricName": metric, "Dimensions": dimensions, "Value": value, "Timestamp": moment} for moment in moments]
        self.client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=data)


def test_a_deployed_trial_is_started_judged_and_reverted(runner: Runner, stage: Stage) -> None:
    put_on_trial(runner)
    outputs = {"front_door_url": stage.url, "model_paths": {"churn": "/models/churn"}, "model_versions": {"churn": 1}}
    answers(runner, **{"stack serving": {"status": 0, "out": json.dumps(outputs)}})
    stage.on("POST", "/models/churn", 403)
    stage.on("POST", "/models/churn", 400, None, x_model_version="1")
    stage.on("POST", f"{REPO}/actions/workflows/canary.yml/dispatches", 204)
    score(runner.variables["AWS_ENDPOINT_URL"])
    Cloud(runner).buckets()
    printed = runner.run("deploy", ENVIRONMENT="dev")
    assert "pass           churn challenger" in printed[-4] and printed[-3] == "dev: canary of churn started\n"
    [asked] = [body for method, path, body in stage.seen if path.endswith("canary.yml/dispatches")]
    git(runner.root, "checkout", "--quiet", "--", "evidence")

    cloud = Cloud(runner)
    cloud.router()
    for endpoint, requests_, errors in (("acme-dev-churn", 180, 0), ("acme-dev-churn-challenger", 20, 10)):
        cloud.count(endpoint, "Invocations", requests_)
        cloud.count(endpoint, "Invocation5XXErrors", errors)
    inputs = {name.upper(): value for name, value in asked["inputs"].items()}
    runner.variables |= inputs
    outputs_ = runner.run("canary", status=1)
    assert "fail           errors" in outputs_[-1] and "churn in dev: rolled back" in outputs_[-1]
    assert cloud.weights() == [100, 0]
    body = [given["body"] for method, path, given in stage.seen if (method, path) == ("POST", f"{REPO}/pulls")][-1]
    assert "| canary: errors | fail | " in body and "| canary: groups | not evaluated | " in body, "whoever merges it sees why"
    runner.merge("rollback/churn-in-dev")
    assert "challenger" not in yaml.safe_load((runner.root / "environments" / "dev.yaml").read_text())["models"]["churn"]
    assert [record.kind for record in EvidenceLog(runner.root / "evidence").records("churn")][-2:] == ["canary", "rollback"]


def test_the_author_of_a_fork_is_told_as_plain_text(runner: Runner, stage: Stage) -> None:
    folder = runner.root / ".mlctl" / "untrusted"
    folder.mkdir(parents=True)
    (folder / "comment.md").write_text("@everyone ```")
    stage.on("GET", f"{REPO}/pulls", 200, [])
    stage.answers[("GET", f"{REPO}/pulls")] = [(200, [{"number": 9, "head": {"sha": "abc"}}], {})]
    stage.on("GET", f"{REPO}/issues/9/comments", 200, [])
    stage.on("POST", f"{REPO}/issues/9/comments", 201, {"html_url": "c"})
    runner.run("comment", HEAD="eve:$(touch owned)", COMMIT="abc")
    assert not (runner.root / "owned").exists()
    assert "````text\n@everyone ```\n````" in stage.seen[-1][2]["body"]


@pytest.mark.parametrize(("daily", "status"), [(1.0, 0), (900.0, 1)])
def test_the_weekly_report_and_the_budget_gate(runner: Runner, daily: float, status: int) -> None:
    with cost_explorer(daily) as address:
        printed = runner.run("finops", status=status, ENVIRONMENT="dev", AWS_ENDPOINT_URL_COST_EXPLORER=address)
    report = "".join(path.read_text() for path in (runner.root / ".mlctl" / "finops").glob("*.md"))
    assert "lending" in report and len(printed) == 5, "the gate came last"


def test_drift_opens_one_issue_and_closes_it(runner: Runner, stage: Stage) -> None:
    answers(runner)
    stage.on("GET", f"{REPO}/issues", 200, [{"number": 3, "body": "<!-- mlctl drift dev -->\nold"}])
    stage.on("POST", f"{REPO}/issues/3/comments", 201, {"html_url": "c"})
    stage.on("PATCH", f"{REPO}/issues/3", 200, {"html_url": "https://github.example/issues/3"})
    runner.run("drift", ENVIRONMENT="dev")
    assert stage.seen[-1] == ("PATCH", f"{REPO}/issues/3", {"state": "closed"})
    assert not [call for call in runner.calls("calls") if not call.startswith("refresh")], "it only looks"


def test_a_pull_request_is_judged_told_and_previewed(runner: Runner, stage: Stage) -> None:
    answers(runner)
    report = runner.root / ".mlctl" / "report"
    report.mkdir(parents=True)
    (report / "comment.md").write_text("## Gate\n")
    stage.on("GET", f"{REPO}/issues/7/comments", 200, [])
    stage.on("POST", f"{REPO}/issues/7/comments", 201, {"html_url": "c"})
    base = git(runner.root, "rev-parse", "HEAD")
    dev = runner.root / "environments" / "dev.yaml"
    dev.write_text(dev.read_text().replace("flow_log_retention_days: 14", "flow_log_retention_days: 30"))
    git(runner.root, "commit", "--quiet", "-am", "keep longer")
    runner.run("pull_request", ENVIRONMENT="dev", BASE=base, NUMBER="7")
    assert runner.calls("makes")[0] == "make lint"
    assert f"make check CHECK=--base {base} --out .mlctl/report" in runner.calls("makes")
    assert stage.seen[-1][2] == {"body": "<!-- mlctl gate -->\n## Gate\n"}
    assert runner.calls("calls") == ["preview foundation"], "only the stack that changed"


def test_training_builds_and_pushes_both_images_submits_over_https_and_proposes_the_evidence(runner: Runner, tmp_path: Path) -> None:
    ecr, s3 = Cloud(runner).client("ecr"), Cloud(runner).client("s3")
    s3.create_bucket(Bucket=AUDIT)
    trained = Event(kind="training", model="churn", version=9, date=datetime.now(UTC).isoformat(), actor="workflow", details={})
    Inbox.at(f"s3://{AUDIT}/retention/evidence-inbox", s3).put([trained])
    for name in ("training", "serving"):
        ecr.create_repository(repositoryName=f"acme/{name}")
    argo, pem = FakeArgo(), certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    argo.socket = context.wrap_socket(argo.socket, server_side=True)
    threading.Thread(target=argo.serve_forever, daemon=True).start()
    argo.answer(200, {"metadata": {"name": "churn-training-x7k2p", "namespace": "retention"}, "spec": {}, "status": {}})
    argo.answer(200, {"status": {"phase": "Succeeded"}})
    try:
        server = f"https://127.0.0.1:{argo.server_port}"
        runner.variables |= {"REQUESTS_CA_BUNDLE": str(pem), "ARGO_TOKEN": "t0ken", "ARGO_SERVER": server}
        printed = runner.run("training", ENVIRONMENT="dev", MODEL="churn")
    finally:
        argo.shutdown()
        argo.server_close()
    submitted, collected, proposed = printed[-3:]
    assert "churn-training-x7k2p submitted to " in submitted and "Succeeded" in submitted
    assert f"1 events collected from {AUDIT}" in collected
    assert "1 records proposed: https://github.example/pull/1" in proposed
    commit = git(runner.root, "rev-parse", "HEAD")
    assert [line for line in runner.calls("dockers") if f"--build-arg GIT_COMMIT={commit} " in line]
    assert argo.asked[0][2] == "Bearer t0ken"
    verbs = [line.split()[1] for line in runner.calls("dockers")]
    assert verbs == ["build", "login", "push"] * 2
    host = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
    assert [line for line in runner.calls("dockers") if " push " in line] == [
        f"docker push {host}/acme/{name}:1.0.0" for name in ("training", "serving")
    ]


def test_an_upgrade_opens_a_pull_request(runner: Runner, tmp_path: Path) -> None:
    template = tmp_path / "template"
    subprocess.run(["git", "clone", "--quiet", str(runner.root), str(template)], check=True)
    (template / "mlctl" / "new.py").write_text('"""New."""\n')
    git(template, "add", ".")
    git(template, "commit", "--quiet", "-m", "newer")
    printed = runner.run("upgrade", TEMPLATE_URL=str(template))
    assert "1 added" in printed[-1] and "pull request: https://github.example/pull/1" in printed[-1]
    git(runner.root, "fetch", "--quiet", "origin", "upgrade/template")
    changed = git(runner.root, "diff", "--name-only", "HEAD", "FETCH_HEAD").splitlines()
    assert changed == ["mlctl/new.py", "template.json"]
