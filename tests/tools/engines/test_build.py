"""The script that puts the engines in place: what it keeps, and what it says where it cannot build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GO_MOD = """module engines/tools

go 1.25.0

tool (
\texample.org/lint/cmd/lint
\texample.org/store/server/v3
)

require (
\texample.org/lint v1.2.0 // indirect
\texample.org/store/server/v3 v3.5.1
)
"""
MENDED_GO_MOD = """module engines/mended

go 1.26.6

tool example.org/web/cmd/web

require (
\texample.org/web v1.0.0 // indirect
)
"""
BUILD = """{"stamps": {"example.org/web": {"example.org/web.version": "{version}"}},
"mend": {"module": "example.org/web", "texts": {"dist/index.html": ""}}}"""
WEB = ["web", "v1.0.0", "not", "built"]
FAKE_GO = """#!/bin/sh
[ "$1" = version ] && { echo "go version go1.26.8 linux/amd64"; exit; }
[ "$1" = mod ] && { echo "{\\"Sum\\": \\"h1:$SUM\\", \\"Dir\\": \\"$MODULE\\"}"; exit; }
echo "$@" >> "$CALLS"
case "$*" in *store*) echo "broken" >&2; exit 1;; esac
[ -e module ] && ls module module/* >> "$CALLS"
while [ "$1" != -o ]; do shift; done
echo "#!/bin/sh" > "$2"
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with the script, two groups with three tools, and a `go` that fails for one of them."""
    folder = tmp_path / "clone" / "tools" / "engines"
    folder.mkdir(parents=True)
    for file in (ROOT / "tools" / "engines").glob("*.py"):
        shutil.copy(file, folder)
    texts = {
        folder / "sources.json": "[]",
        folder / "tools" / "go.mod": GO_MOD,
        folder / "tools" / "go.sum": "",
        folder / "mended" / "go.mod": MENDED_GO_MOD,
        folder / "mended" / "go.sum": "example.org/web v1.0.0 h1:right\nexample.org/web v1.0.0/go.mod h1:other\n",
        folder / "mended" / "build.json": BUILD,
        tmp_path / "module" / "main.go": "package main\n",
        tmp_path / "path" / "go": FAKE_GO,
    }
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "path" / "go").chmod(0o755)
    return tmp_path


def run(clone: Path, *options: str, go: bool = True, sum_: str = "right") -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{clone / 'path'}:/usr/bin:/bin" if go else "/nonexistent",
        "XDG_CACHE_HOME": str(clone / "cache"),
        "HOME": str(clone),
        "CALLS": str(clone / "calls"),
        "MODULE": str(clone / "module"),
        "SUM": sum_,
    }
    command = [sys.executable, str(clone / "clone" / "tools" / "engines" / "build.py"), *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def calls(clone: Path) -> list[str]:
    return (clone / "calls").read_text().splitlines()


def listed(clone: Path) -> list[list[str]]:
    return [line.split() for line in run(clone, "--list").stdout.splitlines()]


def test_one_that_fails_is_named_and_the_others_are_built(clone: Path) -> None:
    done = run(clone)
    assert done.returncode == 3
    assert "store v3.5.1: left out: go build failed: broken" in done.stderr
    folder = clone / "clone" / ".engines" / "bin"
    assert sorted(path.name for path in folder.iterdir()) == ["lint", "web"]
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


def test_another_version_is_built_anew_and_the_other_groups_are_not(clone: Path) -> None:
    run(clone)
    go_mod = clone / "clone" / "tools" / "engines" / "tools" / "go.mod"
    go_mod.write_text(GO_MOD.replace("v1.2.0", "v1.3.0"))
    done = run(clone)
    assert "lint v1.3.0: compiled" in done.stdout
    assert "web v1.0.0: from the cache" in done.stdout


def test_a_mended_module_is_compiled_with_what_it_lacked(clone: Path) -> None:
    run(clone)
    called = calls(clone)
    assert "-ldflags -s -w -X example.org/web.version=v1.0.0 " in called[0]
    assert {"main.go", "dist", "index.html"} <= set(called[1:])
    assert not (clone / "module" / "dist").exists(), "the module of Go's cache was changed"


def test_other_sources_than_the_pinned_are_not_mended(clone: Path) -> None:
    done = run(clone, sum_="wrong")
    assert "web v1.0.0: left out: example.org/web v1.0.0 hashes to h1:wrong, and mended/go.sum says h1:right" in done.stderr
    assert not (clone / "clone" / ".engines" / "bin" / "web").exists()


def test_without_go_it_says_what_to_install(clone: Path) -> None:
    done = run(clone, go=False)
    assert done.returncode == 3
    assert "lint v1.2.0: left out: there is no `go` command; install Go 1.25.0 or newer" in done.stderr
    assert "web v1.0.0: left out: there is no `go` command; install Go 1.26.6 or newer" in done.stderr


def test_an_old_go_is_named_and_what_it_can_build_is_built(clone: Path) -> None:
    (clone / "path" / "go").write_text(FAKE_GO.replace("1.26.8", "1.26.5"))
    done = run(clone)
    assert "web v1.0.0: left out: `go` is 1.26.5; install Go 1.26.6 or newer" in done.stderr
    assert "lint v1.2.0: compiled" in done.stdout


def test_the_list_says_what_is_there_and_builds_nothing(clone: Path) -> None:
    assert listed(clone) == [WEB, ["lint", "v1.2.0", "not", "built"], ["store", "v3.5.1", "not", "built"]]
    assert not (clone / "calls").exists()
    run(clone)
    assert listed(clone)[1] == ["lint", "v1.2.0", "ready"]
    shutil.rmtree(clone / "clone" / ".engines")
    assert listed(clone)[1] == ["lint", "v1.2.0", "in", "the", "cache"]
