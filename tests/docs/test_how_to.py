"""Every command on every page is run: a page is one script, in a copy of the repository, with stand-ins for what needs the outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
STAND_INS = Path(__file__).parent / "stand_ins"
INPUTS = {"report.json": "{}", "requests.jsonl": "{}\n"}
"""Files of the reader's own that pages name."""


def script(page: Path) -> str:
    """The page's shell blocks, one after the other."""
    blocks = re.findall(r"^( *)```(?:sh|bash)\n(.*?)^ *```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return "\n".join(re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in blocks)


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's files as they are now, with the tools of the tests and stand-ins before everything else."""
    folder = tmp_path_factory.mktemp("repository")
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    tools = folder / ".venv" / "bin"
    tools.mkdir(parents=True)
    for tool in Path(sys.executable).parent.iterdir():
        (tools / ("mlctl.real" if tool.name == "mlctl" else tool.name)).symlink_to(tool)
    (tools / "mlctl").write_text((STAND_INS / "mlctl").read_text().replace("#!/usr/bin/env -S python3", f"#!{tools / 'python'}", 1))
    (tools / "mlctl").chmod(0o755)
    (folder / ".checkov").symlink_to(ROOT / ".checkov")
    _write_evidence(folder)
    for name, text in INPUTS.items():
        (folder / name).write_text(text)
    for arguments in (["init", "--quiet", "--initial-branch=main"], ["add", "--all"], ["commit", "--quiet", "--message=base"]):
        git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t.example", *arguments]
        subprocess.run(git, check=True, capture_output=True)
    subprocess.run(["git", "-C", str(folder), "update-ref", "refs/remotes/origin/main", "HEAD"], check=True, capture_output=True)
    return folder


def _write_evidence(folder: Path) -> None:
    """What training leaves behind: two versions of each model with everything that a promotion asks for."""
    kinds = ("evaluation", "fairness", "explanation", "latency", "data_contract", "artefact")
    details = {"data_contract": {"contract_version": "1.0+abc"}, "artefact": {"sha256": "a" * 64}}
    date = datetime.now(UTC).isoformat(timespec="seconds")
    for model in ("churn", "credit-risk"):
        events = [
            Event(kind=kind, model=model, version=version, date=date, actor="training", verdict="pass", details=details.get(kind, {}))  # type: ignore[arg-type]
            for version in (3, 4)
            for kind in kinds
        ]
        EvidenceLog(folder / "evidence").append(events)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_the_page_runs(page: Path, copy: Path) -> None:
    text = script(page)
    if not text:
        pytest.skip("no commands on this page")
    path = os.pathsep.join([str(STAND_INS), str(copy / ".venv" / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(copy)}
    shell = ["bash", "-euo", "pipefail", "-c", text]
    result = subprocess.run(shell, cwd=copy, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, f"{result.stdout[-1500:]}\n{result.stderr[-3000:]}"


def test_readme_shows_the_two_commands_first() -> None:
    assert script(ROOT / "README.md").split("\n")[0] == "make check"
    assert "make test" in script(ROOT / "README.md")


def test_links_of_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
