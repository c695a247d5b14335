"""A fork is brought to a newer template: what changes, what stays, what is listed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mlctl.errors import InputError, ServiceError
from mlctl.promotion.git import Git
from mlctl.upgrade import merge
from mlctl.upgrade.upgrade import upgrade, upgrade_text

SOURCE = Path(__file__).parents[3]
BODY = "".join(f"line {number}\n" for number in range(1, 21))

FIRST = {
    "environments/dev.yaml": "name: dev\n",
    "environments/schema.json": "{}\n",
    "stacks/one/__main__.py": BODY,
    "mlctl/tool.py": BODY,
    "mlctl/old.py": "old\n",
    "mlctl/gone.py": "gone\n",
    "mlctl/binary.bin": "\0one",
    "tools/run.sh": "#!/bin/sh\n",
    "ml/models/churn.yaml": "name: churn\n",
}


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@acme.example", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path, files: dict[str, str | None], message: str = "change") -> str:
    for name, content in files.items():
        path = root / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "-m", message)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def template(tmp_path: Path) -> Path:
    root = tmp_path / "template"
    root.mkdir()
    git(root, "init", "--quiet", "-b", "main")
    commit(root, dict(FIRST), "first")
    return root


@pytest.fixture
def fork(template: Path, tmp_path: Path) -> Path:
    """A fork as GitHub's `Use this template` makes it: the files, and a history of its own."""
    root = tmp_path / "fork"
    root.mkdir()
    git(root, "init", "--quiet", "-b", "main")
    commit(root, dict(FIRST), "ours")
    return root


Run = Callable[..., tuple[dict[str, str], str]]


@pytest.fixture
def run(template: Path, fork: Path) -> Run:
    first = git(template, "rev-parse", "HEAD")

    def run(**options: object) -> tuple[dict[str, str], str]:
        done = upgrade(Git(fork), str(template), **{"since": first, **options})  # type: ignore[arg-type]
        return {item.path: item.state for item in done.files}, upgrade_text(done)

    return run


def test_each_file_finds_its_way(template: Path, fork: Path, run: Run) -> None:
    commit(
        fork,
        {
            "environments/dev.yaml": "name: dev # ours\n",
            "stacks/one/__main__.py": BODY.replace("line 2\n", "line 2, ours\n"),
            "mlctl/old.py": "old, changed by us\n",
            "mlctl/binary.bin": "\0ours",
            "mlctl/mine.py": "mine\n",
        },
    )
    commit(
        template,
        {
            "environments/dev.yaml": "name: dev # theirs\n",
            "environments/schema.json": '{"new": 1}\n',
            "stacks/one/__main__.py": BODY.replace("line 19\n", "line 19, theirs\n"),
            "mlctl/tool.py": BODY + "more\n",
            "mlctl/new.py": "new\n",
            "mlctl/old.py": None,
            "mlctl/gone.py": None,
            "mlctl/binary.bin": "\0theirs",
            "ml/models/churn.yaml": "name: churn # theirs\n",
        },
    )
    states, text = run()
    assert states == {
        "environments/dev.yaml": "yours",
        "environments/schema.json": "updated",
        "stacks/one/__main__.py": "merged",
        "mlctl/tool.py": "updated",
        "mlctl/new.py": "added",
        "mlctl/old.py": "conflict",
        "mlctl/gone.py": "removed",
        "mlctl/binary.bin": "conflict",
        "ml/models/churn.yaml": "yours",
    }
    assert (fork / "environments/dev.yaml").read_text() == "name: dev # ours\n"
    assert (fork / "stacks/one/__main__.py").read_text() == BODY.replace("line 2\n", "line 2, ours\n").replace(
        "line 19\n", "line 19, theirs\n"
    )
    assert (fork / "mlctl/old.py").read_text() == "old, changed by us\n"
    assert (fork / "mlctl/binary.bin").read_text() == "\0ours"
    assert (fork / "mlctl/mine.py").exists() and (fork / "mlctl/new.py").exists() and not (fork / "mlctl/gone.py").exists()
    assert "1 added, 2 updated, 1 removed, 1 merged, 2 conflict, 2 yours" in text
    assert "conflict  mlctl/old.py: the template removed it, you changed it; yours is kept" in text


def test_both_changed_one_line(template: Path, fork: Path, run: Run) -> None:
    commit(fork, {"mlctl/tool.py": BODY.replace("line 5\n", "ours\n")})
    commit(template, {"mlctl/tool.py": BODY.replace("line 5\n", "theirs\n")})
    states, text = run()
    assert states == {"mlctl/tool.py": "conflict"}
    assert "<<<<<<< yours\nours\n||||||| before\nline 5\n=======\ntheirs\n>>>>>>> template\n" in (fork / "mlctl/tool.py").read_text()
    assert "1 places changed on both sides; they are marked" in text


def test_you_removed_what_the_template_changed(template: Path, fork: Path, run: Run) -> None:
    commit(fork, {"mlctl/tool.py": None})
    commit(template, {"mlctl/tool.py": "x\n"})
    assert run()[0] == {"mlctl/tool.py": "conflict"}
    assert not (fork / "mlctl/tool.py").exists()


def test_the_same_change_on_both_sides_is_none(template: Path, fork: Path, run: Run) -> None:
    for root in (fork, template):
        commit(root, {"mlctl/tool.py": "same\n"})
    assert run()[0] == {}


def test_executable_files_stay_executable(template: Path, fork: Path, run: Run) -> None:
    (template / "tools/run.sh").chmod(0o755)
    commit(template, {"tools/new.sh": "#!/bin/sh\n"})
    assert run()[0] == {"tools/run.sh": "updated", "tools/new.sh": "added"}
    assert (fork / "tools/run.sh").stat().st_mode & 0o111
    assert not (fork / "tools/new.sh").stat().st_mode & 0o111


def test_the_second_upgrade_knows_where_the_first_ended(template: Path, fork: Path, run: Run) -> None:
    second = commit(template, {"mlctl/tool.py": "two\n"})
    run()
    assert json.loads((fork / "template.json").read_text()) == {"source": str(template), "commit": second}
    commit(fork, {}, "upgraded")
    commit(template, {"mlctl/tool.py": "three\n"})
    assert run(since=None)[0] == {"mlctl/tool.py": "updated"}
    commit(fork, {}, "upgraded again")
    assert run(since=None)[1].startswith("already at ")


def test_a_fork_with_the_templates_history_needs_no_since(template: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(template), str(clone)], check=True)
    commit(clone, {"mlctl/mine.py": "mine\n"})
    commit(template, {"mlctl/tool.py": "two\n"})
    done = upgrade(Git(clone), str(template))
    assert [(item.path, item.state) for item in done.files] == [("mlctl/tool.py", "updated")]


def test_a_dry_run_writes_nothing(template: Path, fork: Path, run: Run) -> None:
    commit(template, {"mlctl/tool.py": "two\n"})
    assert run(dry_run=True)[0] == {"mlctl/tool.py": "updated"}
    assert git(fork, "status", "--porcelain") == ""


def test_what_is_refused(template: Path, fork: Path, run: Run) -> None:
    with pytest.raises(InputError, match="shares no history with the template"):
        run(since=None)
    with pytest.raises(InputError, match="the template has no commit 'f00'"):
        run(since="f00")
    with pytest.raises(ServiceError, match="git fetch failed"):
        upgrade(Git(fork), str(template.with_name("nowhere")))
    (fork / "template.json").write_text("{")
    with pytest.raises(InputError, match=r"template\.json: is damaged"):
        run(since=None)
    (fork / "mlctl/tool.py").write_text("half\n")
    with pytest.raises(InputError, match="1 files here are changed and not committed"):
        run()


def test_a_link_that_leads_out_is_not_followed(template: Path, fork: Path, run: Run, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    commit(template, {"linked/x.py": "x\n"})
    (fork / "linked").symlink_to(outside)
    with pytest.raises(InputError, match="lies behind a link that leads out of the repository"):
        run()
    assert list(outside.iterdir()) == []


def test_an_interrupted_upgrade_is_noticed_and_repeated(template: Path, fork: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(template, {"mlctl/old.py": "two\n", "mlctl/tool.py": "two\n"})
    real = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path == fork / "mlctl/tool.py":
            raise OSError(28, "No space left on device")
        return real(path, content)

    monkeypatch.setattr(merge.Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"mlctl/tool\.py: cannot be written: No space left on device"):
        run()
    monkeypatch.undo()
    assert not (fork / "template.json").exists()
    with pytest.raises(InputError, match="if an upgrade was interrupted: git restore"):
        run()
    git(fork, "restore", ".")
    assert run()[0] == {"mlctl/old.py": "updated", "mlctl/tool.py": "updated"}


def test_this_repository_from_the_first_commit_that_has_the_command(tmp_path: Path) -> None:
    """A fork made then, with an environment of its own, comes to today's template without a conflict."""
    first = git(SOURCE, "log", "--diff-filter=A", "--format=%H", "--", "mlctl/cli/upgrade.py").splitlines()
    if not first:
        pytest.skip("the history here does not reach back to the first commit with the command")
    fork = tmp_path / "fork"
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(SOURCE), str(fork)], check=True)
    git(fork, "checkout", "--quiet", "-b", "ours", first[-1])
    dev = fork / "environments" / "dev.yaml"
    mine = dev.read_text().replace("organization: acme", "organization: ours")
    commit(fork, {"environments/dev.yaml": mine})
    done = upgrade(Git(fork), str(SOURCE))
    assert done.conflicts == ()
    assert dev.read_text() == mine
    git(fork, "add", "-A")
    different = set(git(fork, "diff", "--cached", "--name-only", done.after).splitlines())
    assert different <= {"template.json", *(item.path for item in done.files if item.state == "yours"), "environments/dev.yaml"}
