"""The whole promotion in a scratch git repository with a real local remote."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event
from tests.mlctl.promotion.conftest import DETAILS, KINDS, Mlctl, Stage

PULLS = "/repos/acme/ml-platform/pulls"


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@acme.example", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def remote(repo: Path, tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bare remote with main; evidence about version 1 of churn; GitHub's API that opens pull request 7."""
    bare = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(bare)], check=True)
    now = datetime.now(UTC).isoformat()
    values = {"model": "churn", "version": 1, "date": now, "actor": "training", "verdict": "pass"}
    EvidenceLog(repo / "evidence").append([Event(kind=kind, details=DETAILS.get(kind, {}), **values) for kind in KINDS])  # type: ignore[arg-type]
    (repo / ".gitignore").write_text(".mlctl/\n")
    (repo / "stacks" / "keep").write_text("")
    git(repo, "init", "--quiet", "-b", "main")
    git(repo, "add", ".")
    git(repo, "commit", "--quiet", "-m", "first")
    git(repo, "remote", "add", "origin", str(bare))
    git(repo, "push", "--quiet", "origin", "main")
    monkeypatch.setenv("GITHUB_TOKEN", "t0ken")
    monkeypatch.setenv("GITHUB_API_URL", stage.url)
    stage.on("GET", PULLS, 200, [])
    stage.on("GET", PULLS, 200, [{"number": 7}])
    stage.on("POST", PULLS, 201, {"html_url": "https://github.example/acme/ml-platform/pull/7"})
    stage.on("PATCH", f"{PULLS}/7", 200, {"html_url": "https://github.example/acme/ml-platform/pull/7"})
    return bare


BRANCH = "promote/churn-1-to-dev"
PROMOTE = ("model", "promote", "churn", "--to", "dev", "--version", "1", "--pull-request")


def test_promotion_merge_and_rollback(repo: Path, remote: Path, stage: Stage, mlctl: Mlctl) -> None:
    status, out, err = mlctl(*PROMOTE)
    assert (status, err) == (0, "")
    assert "pull request: https://github.example/acme/ml-platform/pull/7" in out
    assert git(repo, "status", "--porcelain") == "", "nobody's files here were touched"
    changed = git(remote, "diff", "--name-only", "main", BRANCH).splitlines()
    assert changed == ["environments/dev.yaml", "evidence/churn.jsonl", "evidence/heads.json"]
    sent = next(json for method, _, json in stage.seen if method == "POST")
    assert (sent["head"], sent["base"], sent["title"]) == (BRANCH, "main", "Promote churn to dev")
    assert "| fairness | pass |" in sent["body"] and "+    version: 1 # set by" in sent["body"]

    first = git(remote, "rev-parse", BRANCH)
    assert mlctl(*PROMOTE)[0] == 0
    assert git(remote, "rev-parse", BRANCH) == first, "the same again: branch kept, pull request updated"
    assert [method for method, _ in stage.calls()] == ["GET", "POST", "GET", "PATCH"]

    git(repo, "fetch", "--quiet", "origin", BRANCH)
    git(repo, "merge", "--quiet", "--ff-only", "FETCH_HEAD")
    git(repo, "push", "--quiet", "origin", "main")
    assert yaml.safe_load((repo / "environments" / "dev.yaml").read_text())["models"]["churn"]["version"] == 1
    assert EvidenceLog(repo / "evidence").verify() == []

    git(repo, "revert", "--no-edit", "HEAD")
    assert yaml.safe_load((repo / "environments" / "dev.yaml").read_text())["models"]["churn"]["version"] is None, "rollback is a revert"


def test_a_moved_base_rebuilds_the_branch(repo: Path, remote: Path, mlctl: Mlctl) -> None:
    assert mlctl(*PROMOTE)[0] == 0
    first = git(remote, "rev-parse", BRANCH)
    (repo / "README.md").write_text("more\n")
    git(repo, "add", "README.md")
    git(repo, "commit", "--quiet", "-m", "second")
    git(repo, "push", "--quiet", "origin", "main")
    assert mlctl(*PROMOTE)[0] == 0
    assert git(remote, "rev-parse", BRANCH) != first
    assert git(remote, "rev-parse", f"{BRANCH}~1") == git(remote, "rev-parse", "main")


def test_github_down_after_the_push_and_up_again(repo: Path, remote: Path, stage: Stage, mlctl: Mlctl) -> None:
    stage.answers[("POST", PULLS)] = [(500, None, {}), (201, {"html_url": "u"}, {})]
    stage.answers[("GET", PULLS)] = [(200, [], {})]
    status, out, err = mlctl(*PROMOTE)
    assert status == 3
    assert err == "error: GitHub: POST /pulls: answered 500; try again; nothing was left half done\n"
    assert git(repo, "status", "--porcelain") == ""
    pushed = git(remote, "rev-parse", BRANCH)
    status, out, _ = mlctl(*PROMOTE)
    assert status == 0 and "pull request: u" in out
    assert git(remote, "rev-parse", BRANCH) == pushed


def test_a_remote_that_is_gone_publishes_nothing(repo: Path, remote: Path, stage: Stage, mlctl: Mlctl) -> None:
    remote.rename(remote.with_name("elsewhere"))
    status, _, err = mlctl(*PROMOTE)
    assert status == 3, err
    assert stage.seen == []
    assert git(repo, "status", "--porcelain") == ""
    assert git(repo, "worktree", "list").count("\n") == 0


def test_a_refused_version_publishes_nothing(repo: Path, remote: Path, stage: Stage, mlctl: Mlctl) -> None:
    status, _, err = mlctl("model", "promote", "churn", "--to", "dev", "--version", "9", "--pull-request")
    assert status == 1 and "version 9 of churn may not serve in dev; nothing was changed" in err
    assert stage.seen == []
    assert git(remote, "branch", "--format=%(refname:short)") == "main"


def test_an_unknown_remote_or_base(repo: Path, remote: Path, mlctl: Mlctl) -> None:
    assert mlctl(*PROMOTE, "--remote", "upstream")[2] == "error: --remote: there is no remote 'upstream'; allowed: origin\n"
    assert mlctl(*PROMOTE, "--base", "trunk")[2] == "error: --base: origin has no branch 'trunk'\n"


def test_status_and_approval(repo: Path, remote: Path, mlctl: Mlctl) -> None:
    assert mlctl("model", "promote", "churn", "--to", "dev")[0] == 0
    assert mlctl("model", "approve", "churn", "--version", "1", "--by", "ana")[1] == "ana approved version 1 of churn: record 8\n"
    _, out, _ = mlctl("model", "status", "--env", "dev", "--env", "prod")
    assert [line.split() for line in out.splitlines()] == [
        ["model", "environment", "mode", "version", "previous", "traffic", "gates", "evaluated", "serving", "approvals", "alarms"],
        ["churn", "dev", "serverless", "1", "-", "100", "%", "6/6", "0", "d", "ago", "0.0", "h", "1/0", "not", "asked"],
        ["churn", "prod", "serverless", "-", "-", "none", "-", "-", "-", "0/2", "not", "asked"],
        ["credit-risk", "dev", "serverless", "-", "-", "none", "-", "-", "-", "0/0", "not", "asked"],
        ["credit-risk", "prod", "realtime", "-", "-", "none", "-", "-", "-", "0/2", "not", "asked"],
    ]
