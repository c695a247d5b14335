"""A scratch git repository with a bare remote, in which the demo promotes as people do: by pull requests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ml.errors import ServiceError
from workflows.demo.hub import Hub, PullRequest

AUTHOR = "demo@acme.example"
SOURCE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    line: str
    status: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A clone of the remote, where `mlctl` is run."""

    root: Path
    hub: Hub

    @classmethod
    def make(cls, root: Path, hub: Hub, environments: Path) -> Checkout:
        """Make the repository from these environments and this repository's model files, with one commit that is pushed.

        Parameters
        ----------
        hub
            Its `remote` is made here.
        """
        shutil.copytree(environments, root / "environments")
        shutil.copytree(SOURCE / "ml" / "models", root / "ml" / "models")
        (root / "stacks").mkdir()
        (root / ".gitignore").write_text(".mlctl/\n", encoding="utf-8")
        (root / "stacks" / ".gitkeep").touch()
        made = cls(root=root, hub=hub)
        made.git("init", "--quiet", "--initial-branch=main", ".")
        made.git("init", "--quiet", "--bare", "--initial-branch=main", str(hub.remote))
        made.git("remote", "add", "origin", str(hub.remote))
        made.publish("The template")
        return made

    def git(self, *arguments: str) -> str:
        """The output of a git command."""
        name = ["-c", "user.name=demo", "-c", f"user.email={AUTHOR}"]
        done = subprocess.run(["git", "-C", str(self.root), *name, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServiceError(f"git {arguments[0]}: {done.stderr.strip()}", file=self.root)
        return done.stdout.strip()

    def publish(self, message: str) -> None:
        """Commit what is here and push it, as somebody does who needs no pull request."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
        self.git("push", "--quiet", "origin", "HEAD:main")

    def mlctl(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> Done:
        """Run a command here.

        Raises
        ------
        ServiceError
            It ended with a status that is not allowed.
        """
        variables = {name: value for name, value in os.environ.items() if name not in ("MLFLOW_TRACKING_URI", "GITHUB_ACTIONS", "EVIDENCE")}
        variables |= {"GITHUB_API_URL": self.hub.address, "GITHUB_TOKEN": "of-this-machine", "GITHUB_ACTOR": AUTHOR}
        command = [str(Path(sys.executable).with_name("mlctl")), *arguments]
        done = subprocess.run(command, cwd=self.root, env=variables, capture_output=True, text=True, check=False)
        line = " ".join(["mlctl", *arguments])
        if done.returncode not in allowed:
            raise ServiceError(f"{line} ended with status {done.returncode}: {done.stderr.strip()[-500:]}", file=self.root)
        return Done(line=line, status=done.returncode, output=done.stdout, errors=done.stderr)

    def merge(self, branch: str) -> PullRequest:
        """Merge a pull request and bring this clone up to date; what was not proposed is dropped."""
        merged = self.hub.merge(branch)
        self.git("fetch", "--quiet", "origin", "main")
        self.git("reset", "--quiet", "--hard", "FETCH_HEAD")
        return merged
