"""A group of engines: the programs that one folder's go.mod pins together.

Programs whose dependencies clash stand in different groups. Beside go.mod and go.sum a folder may hold a build.json: which variables of
a module's programs are told its version, and what is mended in a module before it compiles.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tools.engines.golang import go_version
from tools.engines.mend import Mend

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Tool:
    """One program: where its source is, and the version of its module that go.mod pins."""

    name: str
    package: str
    module: str
    version: str


@dataclass(frozen=True)
class Group:
    """The engines of one folder."""

    folder: Path

    @cached_property
    def tools(self) -> list[Tool]:
        return read_tools(self._text("go.mod"))

    @property
    def go_version(self) -> tuple[int, ...]:
        return go_version(self._text("go.mod"))

    @property
    def mend(self) -> Mend | None:
        return Mend(**self._build["mend"]) if "mend" in self._build else None

    def flags(self, tool: Tool) -> str:
        """Linker flags. Debugging symbols are left out; the program is told its own version, and may behave by it."""
        major, minor = tool.version.lstrip("v").split(".")[:2]
        stamps = self._build.get("stamps", {}).get(tool.module, {}).items()
        told = [f"-X {variable}={text.format(version=tool.version, major=major, minor=minor)}" for variable, text in stamps]
        return " ".join(["-s -w", *told])

    def pin(self, module: str) -> tuple[str, str]:
        """The version of a module, and what go.sum says that its sources hash to."""
        version = read_versions(self._text("go.mod"))[module]
        return version, dict(re.findall(r"^(\S+ \S+) (h1:\S+)$", self._text("go.sum"), re.MULTILINE))[f"{module} {version}"]

    @property
    def key(self) -> str:
        """Names what is compiled from these sources, with these flags and for this kind of machine."""
        parts = [path.read_bytes() for path in sorted(self.folder.iterdir())] + [self.flags(tool).encode() for tool in self.tools]
        parts += [os.uname().sysname.encode(), os.uname().machine.encode()]
        return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]

    @cached_property
    def _build(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._text("build.json")) if (self.folder / "build.json").exists() else {}
        return found

    def _text(self, file: str) -> str:
        return (self.folder / file).read_text(encoding="utf-8")


def read_groups(folder: Path = HERE) -> list[Group]:
    return [Group(path.parent) for path in sorted(folder.glob("*/go.mod"))]


def read_versions(text: str) -> dict[str, str]:
    """The modules that a go.mod file requires, with their versions."""
    return dict(re.findall(r"^\t(\S+) (v\S+?)(?: // indirect)?$", text, re.MULTILINE))


def read_tools(text: str) -> list[Tool]:
    """The tools of a go.mod file, with the version of the module that each is in."""
    versions = read_versions(text)
    found = re.search(r"^tool (?:\((.*?)^\)|(\S+)$)", text, re.MULTILINE | re.DOTALL)
    packages = (found[1] or found[2]).split() if found else []
    tools = []
    for package in packages:
        module = next(name for name in sorted(versions, key=len, reverse=True) if f"{package}/".startswith(f"{name}/"))
        name = next(part for part in reversed(package.split("/")) if not re.fullmatch(r"v\d+|server", part))
        tools.append(Tool(name, package, module, versions[module]))
    return tools
