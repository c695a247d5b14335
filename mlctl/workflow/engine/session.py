"""What every part of a running workflow shares."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from mlctl.workflow.catalog import CONFIG_MAP_KIND, Catalog
from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.locks import Locks
from mlctl.workflow.engine.node import Node
from mlctl.workflow.engine.record import Recorder
from mlctl.workflow.engine.run_folder import Header
from mlctl.workflow.engine.watch import Watcher
from mlctl.workflow.process.processes import Processes
from mlctl.workflow.process.warm_python import WarmPython
from mlctl.workflow.scope import Scope


def default_jobs() -> int:
    """As many steps at once as there are cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a run is carried out; none of it changes what the run gives."""

    project: Path
    """The folder a step's Python imports come from."""
    jobs: int = field(default_factory=default_jobs)
    approve: bool = False
    """Continue at every suspended step without asking."""
    warm: tuple[str, ...] = ()
    """Modules imported once before the first Hera step, so that each step need not."""
    supplied: dict[str, str] = field(default_factory=dict)
    """Values for outputs a person supplies at a suspended step."""
    ask: Callable[[str], Awaitable[bool]] | None = None
    """Asks the person at the terminal; None where there is none."""


@dataclass(kw_only=True)
class Session:
    """One session of a run: from its start or resumption until it ends or is stopped."""

    folder: Path
    header: Header
    catalog: Catalog
    recorder: Recorder
    watcher: Watcher
    processes: Processes
    warm: WarmPython
    locks: Locks
    memory: Path
    options: Options
    globals: Scope
    slots: asyncio.Semaphore
    limit: asyncio.Semaphore | None
    """The workflow's own `parallelism`."""
    stopping: str = ""
    """Why running steps are being stopped, where the workflow decided it itself."""
    busy: int = 0
    """How much is going on that will end by itself."""
    suspended: list[Node] = field(default_factory=list)
    """The nodes that wait for a person."""

    def parameter_of(self, name: str, key: str) -> str | None:
        """A value of a ConfigMap in the manifest's folder.

        Raises
        ------
        NodeError
            Argo would not see the ConfigMap.
        """
        found = self.catalog.config_maps.get(name)
        if found is not None and found.kind != "Parameter":
            raise NodeError(f"ConfigMap `{name}` lacks the label `{CONFIG_MAP_KIND}: Parameter`: without it Argo does not see it")
        return self.catalog.setting(name, key)

    def step_folder(self, node: Node) -> Path:
        """Where a step works and leaves its output."""
        from mlctl.workflow.engine.record import folder_name

        return self.folder / folder_name(node)
