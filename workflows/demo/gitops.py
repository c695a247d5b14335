"""What happens in git while the loop runs: promotions, a canary, a revert, each by the command that the workflows of GitHub run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from ml.spec import ModelSpec
from mlctl.config.load import load_environment
from mlctl.evidence.log import EvidenceLog
from workflows.demo.canary import Trial, run_trial, write_requests
from workflows.demo.checkout import Checkout, Done
from workflows.demo.hub import PullRequest, open_hub

AS_THEY_COME = "requests.jsonl"
UNEQUAL = "requests-of-unequal-groups.jsonl"
"""Applicants whose groups differ in income and debts as in the data the biased model learned from. It is told no group, so on people whose
groups fare alike it treats them alike, whatever it learned."""

TOGETHER = 20
"""People in such a request. A canary of forty answers per step then sees some hundred decisions about each group."""


class GitOps:
    """A scratch repository, its remote and its pull requests, for one model in one environment. A context: the hub answers inside it."""

    def __init__(self, folder: Path, environments: Path, environment: str, model: str) -> None:
        self._folder, self._environments, self._environment, self._model = folder, environments, environment, model
        self._stack = ExitStack()
        self.commands: list[Done] = []
        self.merged: list[PullRequest] = []
        self.refusal: Done | None = None
        """How the promotion of the biased version ended."""

    @classmethod
    def make(cls, folder: Path, environment_file: Path, model: str) -> GitOps:
        """For the environment of a file; its neighbours are copied with it."""
        return cls(folder, environment_file.parent, load_environment(environment_file).name, model)

    def __enter__(self) -> Self:
        hub = self._stack.enter_context(open_hub(self._folder / "remote.git"))
        self._checkout = Checkout.make(self._folder / "checkout", hub, self._environments)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    @property
    def log(self) -> EvidenceLog:
        """The evidence that is kept with the code."""
        return EvidenceLog(self._checkout.root / "evidence")

    @property
    def pinned(self) -> int | None:
        """The version that the environment's file names."""
        return load_environment(self._file).models[self._model].version

    @property
    def _file(self) -> Path:
        return self._checkout.root / "environments" / f"{self._environment}.yaml"

    def promote(self, version: str, events: Path) -> None:
        """Open the pull request that pins the version, as promote.yml does, and merge it."""
        self._run(
            "model", "promote", self._model, "--to", self._environment, "--version", version, "--evidence", str(events), "--pull-request"
        )
        self._merge(f"promote/{self._model}-{version}-to-{self._environment}")

    def refused(self, version: str, events: Path) -> None:
        """Ask for the promotion of a version that may not serve. Its evidence stays in the log, the pin as it was."""
        given = ["--to", self._environment, "--version", version, "--evidence", str(events)]
        self.refusal = self._run("model", "promote", self._model, *given, "--pull-request", allowed=(1,))

    def write_requests(self, spec: ModelSpec, drift: Mapping[str, float]) -> None:
        """What is sent during a canary: applications as they come in now, and people whose groups fare unequally."""
        write_requests(self._folder / AS_THEY_COME, spec, {"rows": 500, "seed": 300, **drift})
        write_requests(self._folder / UNEQUAL, spec, {"rows": 1000, "seed": 300, "bias": 1.0, **drift}, together=TOGETHER)

    def try_out(self, title: str, champion: str, challenger: str, requests: str, *limits: str) -> Trial:
        """Let what is pinned take over step by step; reverted and merged where it is worse.

        Parameters
        ----------
        requests
            AS_THEY_COME or UNEQUAL.
        limits
            Further options of `mlctl model canary`.
        """
        given = ["--champion", champion, "--challenger", challenger, "--requests", str(self._folder / requests), *limits]
        trial = run_trial(self._checkout, title, self._model, self._environment, given)
        self.commands.append(trial.done)
        self.merged.append(trial.merged)
        return trial

    def pin_by_hand(self, version: str) -> None:
        """Write a version into the file and push it, past every gate."""
        text = self._file.read_text(encoding="utf-8")
        before = str(self.pinned)
        section = text.index(f"  {self._model}:\n")
        start = text.index("    version:", section)
        line = re.match(r"    version: \d+(.*)\n(    previous_version: .*\n)?", text[start:])
        assert line is not None
        pinned = f"    version: {version}{line[1]}\n    previous_version: {before}\n"
        self._file.write_text(text[:start] + pinned + text[start + line.end() :], encoding="utf-8")
        self._checkout.publish(f"Serve version {version}, never mind the gates")

    def roll_back(self, reason: str) -> None:
        """Open the revert, as rollback.yml does, and merge it."""
        self._run("model", "rollback", self._model, "--env", self._environment, "--reason", reason, "--pull-request")
        self._merge(f"rollback/{self._model}-in-{self._environment}")

    def status(self) -> str:
        """Which version serves where."""
        return self._run("model", "status", "--env", self._environment).output

    def _run(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> Done:
        done = self._checkout.mlctl(*arguments, allowed=allowed)
        self.commands.append(done)
        return done

    def _merge(self, branch: str) -> None:
        self.merged.append(self._checkout.merge(branch))
