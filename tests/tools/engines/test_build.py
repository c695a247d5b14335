"""The script that puts the engines in place: what it reads, what it keeps, and what it says where it cannot build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.engines import build

ROOT = Path(__file__).parents[3]
GO_MOD = """module engines

go 1.25.0

tool (
\texample.org/lint/cmd/lint
\texample.org/store/server/v3
\tk8s.io/kubernetes/cmd/kube-apiserver
)

require (
\texample.org/lint v1.2.0 // indirect
\texample.org/store/server/v3 v3.5.1
\tk8s.io/kubernetes v1.33.2
)
"""
KUBE = ["kube-apiserver", "v1.33.2", "not", "built"]
FAKE_GO = """#!/bin/sh
[ "$1" = version ] && { echo "go version go1.26.8 linux/amd64"; exit; }
echo "$@" >> "$CALLS"
case "$*" in *store*) echo "broken" >&2; exit 1;; esac
while [ "$1" != -o ]; do shift; done
echo "#!/bin/sh" > "$2"
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with the script, a go.mod of three tools, and a `go` that fails for one of them."""
    folder = tmp_path / "clone" / "tools" / "engines"
    folder.mkdir(parents=True)
    for file in ("build.py", "crds.py"):
        shutil.copy(ROOT / "tools" / "engines" / file, folder)
    (folder / "crds.json").write_text("[]")
    (folder / "go.mod").write_text(GO_MOD)
    (folder / "go.sum").write_text("")
    path = tmp_path / "path"
    path.mkdir()
    (path / "go").write_text(FAKE_GO)
    (path / "go").chmod(0o755)
    return tmp_path


def run(clone: Path, *options: str, go: bool = True) -> subprocess.CompletedProcess[str]:
    path = f"{clone / 'path'}:/usr/bin:/bin" if go else "/nonexistent"
    environment = {"PATH": path, "XDG_CACHE_HOME": str(clone / "cache"), "CALLS": str(clone / "calls"), "HOME": str(clone)}
    command = [sys.executable, str(clone / "clone" / "tools" / "engines" / "build.py"), *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def calls(clone: Path) -> list[str]:
    return (clone / "calls").read_text().splitlines()


def test_a_tool_has_the_version_of_its_module() -> None:
    assert build.read_tools(GO_MOD) == [
        build.Tool("lint", "example.org/lint/cmd/lint", "v1.2.0"),
        build.Tool("store", "example.org/store/server/v3", "v3.5.1"),
        build.Tool("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", "v1.33.2"),
    ]


def test_the_tools_of_this_repository() -> None:
    tools = build.read_tools((ROOT / "tools" / "engines" / "go.mod").read_text())
    assert [tool.name for tool in tools] == ["actionlint", "etcd", "kube-apiserver"]


def test_the_api_server_is_told_its_version() -> None:
    flags = build.Tool("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", "v1.33.2").flags()
    assert "version.gitVersion=v1.33.2" in flags
    assert "version.gitMajor=1 " in flags
    assert flags.endswith("version.gitMinor=33")


@pytest.mark.parametrize(("text", "version"), [("go version go1.26.8 linux/amd64", (1, 26)), (GO_MOD, (1, 25))])
def test_a_go_version_is_read(text: str, version: tuple[int, int]) -> None:
    assert build.go_version(text) == version


def test_a_text_without_a_go_version_is_an_error() -> None:
    with pytest.raises(build.BuildError, match="no version of Go in 'gopher'"):
        build.go_version("gopher")


def test_one_that_fails_is_named_and_the_others_are_built(clone: Path) -> None:
    done = run(clone)
    assert done.returncode == 3
    assert "store v3.5.1: left out: go build failed: broken" in done.stderr
    folder = clone / "clone" / ".engines" / "bin"
    assert sorted(path.name for path in folder.iterdir()) == ["kube-apiserver", "lint"]
    assert all(os.access(path, os.R_OK) for path in folder.iterdir())
    assert not list((clone / "cache").rglob(".*")), "half a program was left behind"


def test_best_effort_ends_well_and_still_names_what_is_left_out(clone: Path) -> None:
    done = run(clone, "--best-effort")
    assert done.returncode == 0
    assert "store v3.5.1: left out" in done.stderr


def test_a_second_run_takes_what_is_built_from_the_cache(clone: Path) -> None:
    run(clone)
    shutil.rmtree(clone / "clone" / ".engines")
    done = run(clone)
    assert "lint v1.2.0: from the cache" in done.stdout
    assert sum("example.org/lint" in call for call in calls(clone)) == 1


def test_another_version_is_built_anew(clone: Path) -> None:
    run(clone)
    go_mod = clone / "clone" / "tools" / "engines" / "go.mod"
    go_mod.write_text(GO_MOD.replace("v1.2.0", "v1.3.0"))
    assert "lint v1.3.0: compiled" in run(clone).stdout


def test_without_go_it_says_what_to_install(clone: Path) -> None:
    done = run(clone, go=False)
    assert done.returncode == 3
    assert "lint v1.2.0: left out: there is no `go` command; install Go 1.25 or newer" in done.stderr


def test_an_old_go_is_named(clone: Path) -> None:
    (clone / "path" / "go").write_text("#!/bin/sh\necho go version go1.21.3 linux/amd64\n")
    assert "`go` is 1.21; install Go 1.25 or newer" in run(clone).stderr


def test_the_list_says_what_is_there_and_builds_nothing(clone: Path) -> None:
    assert listed(clone) == [["lint", "v1.2.0", "not", "built"], ["store", "v3.5.1", "not", "built"], KUBE]
    assert not (clone / "calls").exists()
    run(clone)
    assert listed(clone)[0] == ["lint", "v1.2.0", "ready"]


def listed(clone: Path) -> list[list[str]]:
    return [line.split() for line in run(clone, "--list").stdout.splitlines()]
