"""The real Pulumi engine over a copy of the stacks: state in a folder, the tests' own language host and providers, no network."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.broken_stack import Break, write_broken_stack
from tests.engine.orders import Orders

ROOT = Path(__file__).parents[2]
PROVIDERS = {"aws": "pulumi-aws", "kubernetes": "pulumi-kubernetes"}
"""Plugin → the SDK whose version it has."""
COPIED = ("environments", "evidence", "stacks")
"""What a test, or `mlctl deploy`, may write to."""
BROKEN = "broken"
"""The folder of the broken copies, beside stacks/."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    error: str
    events: tuple[Mapping[str, Any], ...] = ()
    """What the engine says happened, in its own words."""

    def expect(self, status: int = 0) -> Ended:
        assert self.status == status, f"status {self.status}\n{self.out[-3000:]}\n{self.error[-3000:]}"
        return self


class PulumiEngine:
    """One environment in a workspace of its own.

    `root` looks like the repository: what a test may change is copied, the rest is linked.
    """

    def __init__(self, binary: Path, folder: Path, environment: str, programs: Path | None = None) -> None:
        """`programs` are other stacks than the repository's."""
        self.environment = environment
        self.root, self._binary, self._folder = folder / "repository", binary, folder
        _copy_repository(self.root)
        if programs is not None:
            shutil.rmtree(self.root / "stacks")
            shutil.copytree(programs, self.root / "stacks")
        for name in ("home", "state", "orders", "bin"):
            (folder / name).mkdir()
        self.orders = Orders(folder / "orders")
        (folder / "bin" / "pulumi").symlink_to(binary.resolve())
        plugins = folder / "home" / "plugins"
        _plugin(plugins / f"language-python-v{importlib.metadata.version('pulumi')}", "language-python", "language_host")
        for package, sdk in PROVIDERS.items():
            version = importlib.metadata.version(sdk)
            _plugin(plugins / f"resource-{package}-v{version}", f"resource-{package}", "provider_host", package, version)

    @property
    def variables(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_"))}
        return {
            **kept,
            "HOME": str(self._folder / "home"),
            "PATH": f"{self._folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_HOME": str(self._folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self._folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DEBUG_COMMANDS": "true",  # for --event-log
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "ENGINE_TEST_ENVIRONMENT": str(self.root / "environments" / f"{self.environment}.yaml"),
            "ENGINE_TEST_FOLDER": str(self._folder / "orders"),
        }

    def configure_policies(self, config: Mapping[str, Any]) -> None:
        """What `mlctl policies config` prints."""
        (self._folder / "policies.json").write_text(json.dumps(config))

    @property
    def policies(self) -> tuple[str, ...]:
        return "--policy-pack", str(self.root / "policies" / "pack"), "--policy-pack-config", str(self._folder / "policies.json")

    def init(self, stack: str) -> None:
        self.run(stack, "stack", "init", self.environment).expect()

    def preview(self, stack: str, *arguments: str) -> Ended:
        """Its output is the JSON that `mlctl plan --from` reads."""
        return self._logged(stack, "preview", "--json", "--show-sames", *arguments)

    def preview_broken(self, stack: str, breaks: Sequence[Break]) -> Ended:
        """A preview of a broken copy of the stack, with the policy pack; the stack itself must not be made yet."""
        write_broken_stack(self.root / "stacks" / stack, self.root / BROKEN / stack, breaks)
        return self._logged(stack, "preview", *self.policies, folder=BROKEN)

    def up(self, stack: str, *arguments: str) -> Ended:
        return self._logged(stack, "up", "--yes", "--skip-preview", *arguments)

    def destroy(self, stack: str) -> Ended:
        return self._logged(stack, "destroy", "--yes", "--skip-preview")

    def _logged(self, stack: str, command: str, *arguments: str, folder: str = "stacks") -> Ended:
        log = self._folder / "events"
        log.unlink(missing_ok=True)
        line = (command, "--non-interactive", "--stack", self.environment, "--event-log", str(log), *arguments)
        ended = self.run(stack, *line, folder=folder)
        events = tuple(json.loads(text) for text in log.read_text().splitlines()) if log.exists() else ()
        return Ended(status=ended.status, out=ended.out, error=ended.error, events=events)

    def mlctl(self, *arguments: str) -> Ended:
        """The project's own command, which finds this engine as `pulumi`."""
        line = [str(Path(sys.executable).parent / "mlctl"), *arguments]
        done = subprocess.run(
            line, cwd=self.root, env=self.variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        return Ended(status=done.returncode, out=done.stdout, error=done.stderr)

    def export(self, stack: str) -> str:
        return self.run(stack, "stack", "export", "--stack", self.environment).expect().out

    def state(self, stack: str) -> Mapping[str, Any]:
        """What `stack export` prints, as JSON values."""
        value: Mapping[str, Any] = json.loads(self.export(stack))
        return value

    def run(self, stack: str, *arguments: str, folder: str = "stacks") -> Ended:
        line = [str(self._binary), "--cwd", str(self.root / folder / stack), *arguments]
        done = subprocess.run(line, env=self.variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return Ended(status=done.returncode, out=done.stdout, error=done.stderr)


def _copy_repository(root: Path) -> None:
    root.mkdir(parents=True)
    for entry in ROOT.iterdir():
        if entry.name in COPIED:
            shutil.copytree(entry, root / entry.name)
        elif entry.name == ".venv" or not entry.name.startswith("."):
            (root / entry.name).symlink_to(entry)
    git = ["git", "-C", str(root), "-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (["init", "--quiet"], ["add", "environments", "stacks"], ["commit", "--quiet", "--message", "as shipped"]):
        subprocess.run([*git, *command], check=True)


def _plugin(folder: Path, name: str, module: str, *arguments: str) -> None:
    """An executable where the engine looks for the plugin."""
    folder.mkdir(parents=True)
    file = folder / f"pulumi-{name}"
    words = " ".join(f"'{word}'" for word in (sys.executable, "-m", f"tests.engine.{module}", *arguments))
    file.write_text(f"#!/bin/sh\nexport PYTHONPATH='{ROOT}'\nexec {words} \"$@\"\n")
    file.chmod(0o755)
