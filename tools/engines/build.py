#!/usr/bin/env python3
"""Puts the pinned engines into .engines/bin and the CRDs into .engines/crds: `python3 tools/engines/build.py [--list] [--best-effort]`.

The engines are those of go.mod beside this file. They are compiled from their published Go modules, whose sources go.sum pins by
hash. What was compiled is kept in the user's cache, so that a fresh clone on the same machine is ready in seconds. Only the standard
library is used.

Exit status: 0 all are there; 3 some could not be had (0 with --best-effort; they are named on standard error).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from tools.engines import crds  # noqa: E402

TARGET = HERE.parents[1] / ".engines"
GO_FILES = ("go.mod", "go.sum")


class BuildError(Exception):
    """A tool cannot be built here; the text says why and what to do."""


@dataclass(frozen=True)
class Tool:
    """One program: where its source is, and the version that go.mod pins."""

    name: str
    package: str
    version: str

    def flags(self) -> str:
        """Linker flags. The API server reads its own version from there, and behaves by it."""
        if not self.package.startswith("k8s.io/kubernetes/"):
            return "-s -w"
        major, minor = self.version.lstrip("v").split(".")[:2]
        into = "k8s.io/component-base/version"
        return f"-s -w -X {into}.gitVersion={self.version} -X {into}.gitMajor={major} -X {into}.gitMinor={minor}"


def read_tools(text: str) -> list[Tool]:
    """The tools of a go.mod file, with the version of the module that each is in."""
    versions = dict(re.findall(r"^\t(\S+) (v\S+?)(?: // indirect)?$", text, re.MULTILINE))
    block = re.search(r"^tool \((.*?)^\)", text, re.MULTILINE | re.DOTALL)
    packages = block.group(1).split() if block else []
    tools = []
    for package in packages:
        module = next(name for name in sorted(versions, key=len, reverse=True) if f"{package}/".startswith(f"{name}/"))
        name = next(part for part in reversed(package.split("/")) if not re.fullmatch(r"v\d+|server", part))
        tools.append(Tool(name, package, versions[module]))
    return tools


def cache_folder(tools: list[Tool]) -> Path:
    """Where what is compiled from these sources, with these flags and for this kind of machine, is kept."""
    parts = [(HERE / file).read_bytes() for file in GO_FILES]
    parts += [tool.flags().encode() for tool in tools] + [os.uname().sysname.encode(), os.uname().machine.encode()]
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]
    return cache_root() / digest


def cache_root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ml-platform-engines"


def go_version(text: str) -> tuple[int, int]:
    """The Go version that a go.mod file asks for, or that `go version` prints."""
    found = re.search(r"^go (?:version go)?(\d+)\.(\d+)", text, re.MULTILINE)
    if found is None:
        raise BuildError(f"no version of Go in {text[:80]!r}")
    return int(found[1]), int(found[2])


def require_go() -> str:
    """The Go command. Raises BuildError where it is missing or too old."""
    go = shutil.which("go")
    required = go_version((HERE / "go.mod").read_text())
    wanted = f"Go {required[0]}.{required[1]} or newer"
    if go is None:
        raise BuildError(f"there is no `go` command; install {wanted}")
    present = go_version(subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout)
    if present < required:
        raise BuildError(f"`go` is {present[0]}.{present[1]}; install {wanted}")
    return go


def compile_tool(go: str, tool: Tool, target: Path) -> None:
    """Compiles into a file beside the target first, so that an interrupted run leaves no half a program."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}")
    command = [go, "build", "-mod=readonly", "-p", "2", "-trimpath", "-ldflags", tool.flags(), "-o", str(part), tool.package]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    gently = ["nice"] if shutil.which("nice") else []
    done = subprocess.run([*gently, *command], cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        part.unlink(missing_ok=True)
        raise BuildError("go build failed: " + " / ".join(done.stderr.strip().splitlines()[-3:]))
    part.replace(target)


def provide(tool: Tool, cache: Path) -> str:
    """Puts one tool into .engines/bin, and says how in a few words."""
    kept = cache / tool.name
    how = "from the cache"
    if not kept.is_file():
        go, started = require_go(), time.monotonic()
        print(f"{tool.name} {tool.version}: compiling …", file=sys.stderr, flush=True)
        compile_tool(go, tool, kept)
        how = f"compiled in {time.monotonic() - started:.0f} s"
    link(TARGET / "bin" / tool.name, kept)
    return how


def provide_crds(source: crds.Source) -> str:
    """Puts one chart's CRDs into .engines/crds, and says how in a few words."""
    kept = cache_root() / "crds" / source.folder
    how = "from the cache"
    if not kept.is_dir():
        how = f"{crds.fetch(require_go(), source, kept)} fetched"
    link(TARGET / "crds" / source.chart, kept)
    return how


def link(path: Path, to: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(to)


def state(path: Path, kept: Path) -> str:
    if path.exists() and path.resolve() == kept.resolve():
        return "ready"
    return "in the cache" if kept.exists() else "not built"


def print_list(tools: list[Tool], cache: Path, sources: list[crds.Source]) -> None:
    for tool in tools:
        print(f"{tool.name:<22} {tool.version:<10} {state(TARGET / 'bin' / tool.name, cache / tool.name)}")
    for source in sources:
        kept = cache_root() / "crds" / source.folder
        print(f"{source.chart + ' CRDs':<22} {source.chart_version:<10} {state(TARGET / 'crds' / source.chart, kept)}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Put the pinned engines into .engines/bin.")
    parser.add_argument("--list", action="store_true", help="print each tool, its version and its state, and build nothing")
    parser.add_argument("--best-effort", action="store_true", help="end with 0 although some could not be built")
    options = parser.parse_args()
    tools = read_tools((HERE / "go.mod").read_text())
    cache = cache_folder(tools)
    sources = crds.read_sources()
    if options.list:
        print_list(tools, cache, sources)
        return 0
    jobs: list[tuple[str, Callable[[], str]]] = [(f"{tool.name} {tool.version}", partial(provide, tool, cache)) for tool in tools]
    jobs += [(f"{source.chart} {source.chart_version} CRDs", partial(provide_crds, source)) for source in sources]
    left_out = 0
    for name, job in jobs:
        try:
            print(f"{name}: {job()}", flush=True)
        except (BuildError, crds.CrdError) as error:
            left_out += 1
            print(f"{name}: left out: {error}", file=sys.stderr, flush=True)
    return 3 if left_out and not options.best_effort else 0


if __name__ == "__main__":
    sys.exit(main())
