"""What a group of engines says of its programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.engines.golang import EngineError, go_version
from tools.engines.group import Group, Tool, read_groups, read_tools

GO_MOD = """module engines

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


@pytest.fixture
def group(tmp_path: Path) -> Group:
    (tmp_path / "go.mod").write_text(GO_MOD)
    (tmp_path / "go.sum").write_text("example.org/lint v1.2.0 h1:sources\nexample.org/lint v1.2.0/go.mod h1:requirements\n")
    return Group(tmp_path)


def test_a_tool_has_the_version_of_its_module() -> None:
    assert read_tools(GO_MOD) == [
        Tool("lint", "example.org/lint/cmd/lint", "example.org/lint", "v1.2.0"),
        Tool("store", "example.org/store/server/v3", "example.org/store/server/v3", "v3.5.1"),
    ]


def test_a_single_tool_is_read() -> None:
    text = "tool example.org/lint/cmd/lint\n\nrequire (\n\texample.org/lint v1.2.0 // indirect\n)\n"
    assert [tool.name for tool in read_tools(text)] == ["lint"]
    assert read_tools("module engines\n") == []


def test_the_groups_of_this_repository() -> None:
    assert {group.folder.name: [tool.name for tool in group.tools] for group in read_groups()} == {
        "actionlint": ["actionlint"],
        "argo": ["argo", "argoexec", "workflow-controller"],
        "helm": ["helm"],
        "kubernetes": ["etcd", "kube-apiserver"],
        "pulumi": ["pulumi"],
    }


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("kubernetes", {"kube-apiserver": ["version.gitVersion=v1.35.4", "version.gitMajor=1", "version.gitMinor=35"], "etcd": []}),
        ("pulumi", {"pulumi": ["version.Version=v3.274.1"]}),
        ("argo", {name: ["v3.version=v3.7.4"] for name in ("argo", "argoexec", "workflow-controller")}),
        ("helm", {"helm": ["version.version=v3.22.0"]}),
        ("actionlint", {"actionlint": []}),
    ],
)
def test_a_program_is_told_its_version(folder: str, told: dict[str, list[str]]) -> None:
    group = next(item for item in read_groups() if item.folder.name == folder)
    flags = {tool.name: [part.rpartition("/")[2] for part in group.flags(tool).split(" -X ")[1:]] for tool in group.tools}
    assert flags == told


def test_a_pin_is_of_the_sources(group: Group) -> None:
    assert group.pin("example.org/lint") == ("v1.2.0", "h1:sources")


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "build.json"])
def test_the_key_changes_with_each_file(group: Group, file: str) -> None:
    before = group.key
    path = group.folder / file
    path.write_text(path.read_text() + "\n" if path.exists() else "{}")
    assert Group(group.folder).key != before


@pytest.mark.parametrize(
    ("text", "version"),
    [("go version go1.26.8 linux/amd64", (1, 26, 8)), ("go version go1.27 linux/amd64", (1, 27, 0)), (GO_MOD, (1, 25, 0))],
)
def test_a_go_version_is_read(text: str, version: tuple[int, ...]) -> None:
    assert go_version(text) == version


def test_a_text_without_a_go_version_is_an_error() -> None:
    with pytest.raises(EngineError, match="no version of Go in 'gopher'"):
        go_version("gopher")
