"""git, as far as promotion needs it: a scratch tree of a branch, a commit, a push."""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mlctl.errors import InputError, ServiceError

_NETWORK = ("fetch", "ls-remote", "push")


class Git:
    """A working tree."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *arguments: str) -> str:
        """The output of a git command, without white space at its ends.

        Raises
        ------
        ServiceError
            The remote cannot be reached or refuses.
        InputError
            Anything else that git dislikes.
        """
        command = ["git", "-C", str(self.root), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=_quiet(), stdin=subprocess.DEVNULL)
        except FileNotFoundError:
            raise InputError("git is not installed", remedy="install git") from None
        except subprocess.TimeoutExpired:
            raise ServiceError(f"git {arguments[0]} took longer than two minutes") from None
        if done.returncode == 0:
            return done.stdout.strip()
        reason = " ".join(done.stderr.split()) or f"status {done.returncode}"
        kind = ServiceError if arguments[0] in _NETWORK else InputError
        raise kind(f"git {arguments[0]} failed: {reason}", remedy="nothing was published" if kind is ServiceError else None)

    def content(self, commit: str, path: str) -> bytes:
        """A file as it stands in a commit, byte for byte."""
        command = ["git", "-C", str(self.root), "cat-file", "blob", f"{commit}:{path}"]
        return subprocess.run(command, capture_output=True, check=True, env=_quiet()).stdout

    def commit_of(self, ref: str) -> str | None:
        """The commit of a branch, tag or hash; None where git knows none, or this is no repository."""
        try:
            return self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        except InputError:
            return None

    def identity(self) -> str | None:
        """The e-mail address git would commit with."""
        try:
            return self.run("config", "user.email") or None
        except InputError:
            return None

    def fetch(self, remote: str, branch: str) -> str | None:
        """Fetch a branch; its commit, or None where the remote has none of that name."""
        found = self.run("ls-remote", "--heads", remote, f"refs/heads/{branch}") if self._reachable(remote) else ""
        if not found:
            return None
        self.run("fetch", "--quiet", "--no-tags", remote, f"+refs/heads/{branch}:refs/mlctl/{branch}")
        return self.commit_of(f"refs/mlctl/{branch}")

    def _reachable(self, remote: str) -> bool:
        try:
            self.run("remote", "get-url", remote)
        except InputError:
            raise InputError(f"there is no remote {remote!r}", key="--remote", allowed=self.run("remote") or "none") from None
        return True

    @contextmanager
    def scratch(self, commit: str) -> Iterator[Git]:
        """A tree of its own at a commit; gone afterwards. Whoever's files are being edited here is not disturbed."""
        with tempfile.TemporaryDirectory(prefix="mlctl-tree-") as folder:
            tree = Path(folder) / "tree"
            self.run("worktree", "add", "--detach", "--quiet", str(tree), commit)
            try:
                yield Git(tree)
            finally:
                self.run("worktree", "remove", "--force", str(tree))

    def commit(self, paths: Sequence[str], message: str, *, author: str) -> str:
        """Commit these paths; the new commit."""
        name, _, _ = author.partition("@")
        address = author if "@" in author else f"{author}@users.noreply.github.com"
        self.run("add", "--", *paths)
        self.run("-c", f"user.name={name}", "-c", f"user.email={address}", "commit", "--quiet", "--no-verify", "-m", message)
        return self.run("rev-parse", "HEAD")

    def push(self, remote: str, branch: str, *, expected: str | None) -> None:
        """Publish HEAD as a branch. Refused where the branch moved since `expected` (None: it did not exist)."""
        lease = f"--force-with-lease=refs/heads/{branch}:{expected or ''}"
        self.run("push", "--quiet", lease, remote, f"HEAD:refs/heads/{branch}")


def _quiet() -> dict[str, str]:
    """Never ask a person, whose terminal this may not be; words in English, for the messages. In a workflow GITHUB_TOKEN lets git in:
    by a header in the environment, so that it stands in no file and on no command line.
    """
    variables = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    token = os.environ.get("GITHUB_TOKEN")
    if os.environ.get("GITHUB_ACTIONS") == "true" and token:
        server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        variables |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{server}/.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic}",
        }
    return variables
