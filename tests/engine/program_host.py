"""Runs one Pulumi program as Pulumi's Python language host does: the SDK's ordinary settings, and gRPC to a monitor outside this process.

Usage: python program_host.py SETTINGS.json
"""

from __future__ import annotations

import asyncio
import json
import runpy
import sys
from pathlib import Path

import pulumi.runtime


def main(path: Path) -> None:
    given = json.loads(path.read_text())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    settings = pulumi.runtime.Settings(
        monitor=given["address"],
        engine=given["address"],
        project=given["project"],
        stack=given["stack"],
        organization="organization",
        parallel=16,
        dry_run=True,
    )
    pulumi.runtime.configure(settings)
    pulumi.runtime.set_all_config(given["config"])
    entry = Path(given["entry"])
    sys.path.insert(0, str(entry.parent))

    def program() -> None:
        runpy.run_path(str(entry), run_name="__main__")

    loop.run_until_complete(pulumi.runtime.run_in_stack(program))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
