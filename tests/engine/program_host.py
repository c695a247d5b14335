"""Runs one Pulumi program as Pulumi's Python language host does: the SDK's ordinary settings, and gRPC to a monitor outside this process.

Usage: python program_host.py SETTINGS.json

Ends with 0; with 32 where the program failed and the engine was told why; with 1 where it was not.
"""

from __future__ import annotations

import asyncio
import json
import logging
import runpy
import sys
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi
import pulumi.runtime

TOLD = 32
"""The status by which a program says that the engine has been told of its error."""


def main(path: Path) -> int:
    given = json.loads(path.read_text())
    configure(given)
    entry = Path(given["entry"])
    entry = entry / "__main__.py" if entry.is_dir() else entry
    sys.path.insert(0, str(entry.parent))
    sys.argv = [str(entry)]
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # what a failed program leaves unawaited is no news

    def program() -> None:
        runpy.run_path(str(entry), run_name="__main__")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with ThreadPoolExecutor(max_workers=4 * given.get("parallel", 16)) as executor:
        loop.set_default_executor(executor)
        try:
            loop.run_until_complete(pulumi.runtime.run_in_stack(program))
        except pulumi.RunError as error:
            pulumi.log.error(str(error))
            return 1
        except Exception:
            pulumi.log.error(f"Program failed with an unhandled exception:\n{traceback.format_exc()}")
            return TOLD
    return 0


def configure(given: Mapping[str, Any]) -> None:
    settings = pulumi.runtime.Settings(
        monitor=given["monitor"],
        engine=given["engine"],
        project=given["project"],
        stack=given["stack"],
        organization=given.get("organization", "organization"),
        parallel=given.get("parallel", 16),
        dry_run=given.get("dry_run", True),
        root_directory=given.get("root_directory"),
    )
    pulumi.runtime.configure(settings)
    pulumi.runtime.set_all_config(given["config"], given.get("secret_keys", []))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
