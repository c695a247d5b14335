#!/usr/bin/env python3
"""Puts the pinned engines, CRDs and charts into .engines/{bin,crds,charts}: `python3 tools/engines/build.py [--list] [--best-effort]`.

Each folder with a go.mod beside this file is a group of engines. They are compiled from their published Go modules, whose sources go.sum
pins by hash. What was compiled is kept in the user's cache, so that a fresh clone on the same machine is ready in seconds. Only the
standard library is used.

Exit status: 0 all are there; 3 some could not be had (0 with --best-effort; they are named on standard error).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from tools.engines.golang import EngineError, compile_program, download, require_go  # noqa: E402
from tools.engines.group import Group, Tool, read_groups  # noqa: E402
from tools.engines.sources import Source, fetch_chart, fetch_crds, read_sources  # noqa: E402

TARGET = HERE.parents[1] / ".engines"
GO_FOR_FILES = (1, 21, 0)
"""The first that downloads a module whatever Go the module itself is written for."""


@dataclass(frozen=True)
class Job:
    """One thing to put in place."""

    name: str
    version: str
    place: Path
    kept: Path
    make: Callable[[], str]
    """Makes what is kept, and says how in a few words."""

    @property
    def state(self) -> str:
        if self.place.exists() and self.place.resolve() == self.kept.resolve():
            return "ready"
        return "in the cache" if self.kept.exists() else "not built"

    def run(self) -> str:
        """Puts it in place, and says how in a few words. Raises EngineError."""
        how = "from the cache" if self.kept.exists() else self.make()
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self.place.unlink(missing_ok=True)
        self.place.symlink_to(self.kept)
        return how


def cache_root() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ml-platform-engines"


def read_jobs() -> list[Job]:
    """Every program, and every chart and its CRDs."""
    programs = [program_job(group, tool, cache_root() / group.key) for group in read_groups(HERE) for tool in group.tools]
    sources = read_sources()
    charts = [chart_job(source, chart) for source in sources for chart in source.charts]
    return [*programs, *map(crds_job, sources), *charts]


def program_job(group: Group, tool: Tool, cache: Path) -> Job:
    def make() -> str:
        go, started = require_go(group.go_version), time.monotonic()
        print(f"{tool.name} {tool.version}: compiling …", file=sys.stderr, flush=True)
        compile_program(go, sources(go, group, cache), tool.package, group.flags(tool), cache / tool.name)
        return f"compiled in {time.monotonic() - started:.0f} s"

    return Job(tool.name, tool.version, TARGET / "bin" / tool.name, cache / tool.name, make)


def sources(go: str, group: Group, cache: Path) -> Path:
    """The folder with the go.mod to compile a group with: its own, or one with a mended module."""
    mended = cache / "sources"
    if group.mend is None:
        return group.folder
    if not mended.is_dir():
        version, pinned = group.pin(group.mend.module)
        group.mend.apply(download(go, group.mend.module, version, (pinned, f"{group.folder.name}/go.sum")), group.folder, mended)
    return mended


def crds_job(source: Source) -> Job:
    kept = cache_root() / "crds" / f"{source.chart}-{source.version}"

    def make() -> str:
        return f"{fetch_crds(require_go(GO_FOR_FILES), source, kept)} fetched"

    return Job(f"{source.chart} CRDs", source.chart_version, TARGET / "crds" / source.chart, kept, make)


def chart_job(source: Source, chart: str) -> Job:
    kept = cache_root() / "charts" / f"{chart}-{source.version}"

    def make() -> str:
        fetch_chart(require_go(GO_FOR_FILES), source, chart, kept)
        return "fetched"

    return Job(f"{chart} chart", source.chart_version, TARGET / "charts" / chart, kept, make)


def main() -> int:
    parser = argparse.ArgumentParser(description="Put the pinned engines into .engines/bin.")
    parser.add_argument("--list", action="store_true", help="print each tool, its version and its state, and build nothing")
    parser.add_argument("--best-effort", action="store_true", help="end with 0 although some could not be built")
    options = parser.parse_args()
    jobs = read_jobs()
    if options.list:
        for job in jobs:
            print(f"{job.name:<22} {job.version:<10} {job.state}")
        return 0
    left_out = 0
    for job in jobs:
        try:
            print(f"{job.name} {job.version}: {job.run()}", flush=True)
        except EngineError as error:
            left_out += 1
            print(f"{job.name} {job.version}: left out: {error}", file=sys.stderr, flush=True)
    return 3 if left_out and not options.best_effort else 0


if __name__ == "__main__":
    sys.exit(main())
