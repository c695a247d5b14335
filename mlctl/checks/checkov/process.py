"""Starts Checkov early, asks as soon as there is something to ask, and collects its answers late: it works while the gate does."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

from mlctl.checks.checkov.answer import UNSCANNED, EnvironmentScan, Scanned, failed_scan, read_answer, unseen
from mlctl.checks.checkov.cache import ScanCache, SecretsCache, installation
from mlctl.checks.checkov.request import REPOSITORY, Request, scan_of, secret_files, tree
from mlctl.checks.waivers import Waivers
from mlctl.config import Environment
from mlctl.finding import Finding
from mlctl.plan.model import Plan

VARIABLE = "MLCTL_CHECKOV"
"""Names another Python that has Checkov, instead of .checkov/bin/python."""

CACHE = Path(".checkov", "cache")
"""Where answers are remembered, in the repository."""

LIMIT_SECONDS = 180.0
_DRIVER = Path(__file__).with_name("driver.py")
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """Checkov's findings, with the waivers applied."""

    scans: Mapping[str, EnvironmentScan]
    notes: tuple[str, ...]
    """What a reader should know about the scan."""

    def findings(self, environment: str) -> list[Finding]:
        """What did not pass there. What concerns the repository itself stands with the first environment."""
        return self.scans[environment].findings

    @property
    def whole(self) -> bool:
        """Whether Checkov saw everything: no scan is missing, here or in another environment."""
        return not any(finding.id == UNSCANNED for scan in self.scans.values() for finding in scan.findings)

    def summary(self, environment: str) -> EnvironmentScan:
        """Counts, and what could not be shown to Checkov."""
        return self.scans[environment]


class Scan:
    """One run over all environments and the repository. Leaving it as a context manager ends the process."""

    Result = ScanResult

    def __init__(self, root: Path, *, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._root = root
        self._python = checkov_python(root)
        self._limit_seconds = limit_seconds
        self._scratch = tempfile.TemporaryDirectory(prefix="mlctl-checkov-")
        self._errors = Path(self._scratch.name) / "errors.txt"
        self._request = Request()
        asker = installation(self._python, [_DRIVER, *sorted(_DRIVER.parent.glob("custom/*.py"))])
        self._answers = ScanCache(root / CACHE / "scans", asker, Path(self._scratch.name))
        self._secrets = SecretsCache(root / CACHE / "secrets.json", asker)
        self._files: list[Path] = []
        self._asked = self._searched = 0
        self._problem: str | None = None
        self._process = self._start()

    def __enter__(self) -> Scan:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            self._process.communicate()
        self._scratch.cleanup()

    def submit_repository(self, environments: Collection[str]) -> None:
        """Hand over the repository's own files; `environments` are those that are judged."""
        files = tree(self._root)
        self._files = secret_files(files)
        changed = self._secrets.unseen(self._files)
        self._searched = len(changed)
        secrets = scan_of(REPOSITORY, "secrets", changed)
        self._request.scans |= secrets
        self._ask(self._answers.unseen(self._request.add_repository(self._root, environments, files)) | secrets)

    def submit(self, plan: Plan) -> None:
        """Hand over the plan of an environment."""
        self._ask(self._answers.unseen(self._request.add_plan(plan, Path(self._scratch.name) / plan.environment)))

    def _ask(self, scans: Mapping[str, Any]) -> None:
        self._asked += len(scans)
        if self._process is not None and self._process.stdin is not None and scans:
            try:
                self._process.stdin.write(json.dumps({"scans": scans}).encode("utf-8") + b"\n")
                self._process.stdin.flush()
            except OSError:
                pass  # it ended already; its status says why

    def result(self, environments: Sequence[Environment], waivers: Waivers, today: date) -> ScanResult:
        """Wait for the answer. Whatever goes wrong, the result says *not evaluated*, which blocks."""
        scanned = self._scanned(environments)
        scans = dict(scanned.environments)
        first = environments[0].name
        scans[first] = scans[first].with_repository(scanned.repository)
        for name, scan in scans.items():
            scans[name] = scan.waived(waivers.apply(scan.findings, name, today))
        note = (
            f"Checkov {scanned.version}: {self._asked} of {len(self._request.scans)} scans were run, the others remembered; "
            f"{len(self._files)} files searched for secrets, {self._searched} of them anew"
        )
        return ScanResult(scans=scans, notes=(note,) if scanned.version else ())

    def _scanned(self, environments: Sequence[Environment]) -> Scanned:
        answer = self._answer()
        if isinstance(answer, str):
            return failed_scan(answer, self._request, environments)
        secrets = answer["scans"].setdefault("/secrets", {"resources": [], "unparsed": [], "records": []})
        secrets["records"] = self._secrets.complete(self._files, secrets["records"])
        answer["scans"] = self._answers.complete(answer["scans"], self._whole(answer["scans"]))
        return read_answer(answer, self._request, environments, self._root)

    def _whole(self, answers: Mapping[str, Any]) -> list[str]:
        """The new answers that count. Secrets have a memory of their own."""
        asked = self._request.scans
        return [
            name for name in answers if name in asked and name != "/secrets" and not unseen(name, asked[name], answers[name], self._request)
        ]

    def _start(self) -> subprocess.Popen[bytes] | None:
        environment = {key: value for key, value in os.environ.items() if key in _PASSED_ON}
        pipe = subprocess.PIPE
        try:
            with self._errors.open("wb") as errors:  # no pipe: nobody reads one while questions are asked
                return subprocess.Popen([str(self._python), str(_DRIVER)], stdin=pipe, stdout=pipe, stderr=errors, env=environment)
        except OSError as error:
            self._problem = f"cannot be started: {self._python}: {error.strerror}; run `make setup`"
            return None

    def _answer(self) -> dict[str, Any] | str:
        """The driver's answer, or why there is none."""
        if self._process is None:
            return self._problem or "was not started"
        try:
            out, _ = self._process.communicate(timeout=self._limit_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return f"did not finish within {self._limit_seconds:g} seconds"
        if self._process.returncode != 0:
            last = self._errors.read_text("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
            return f"ended with status {self._process.returncode}: {last[0]}"
        try:
            answer = json.loads(out)
        except ValueError:
            return "answered something that is not JSON"
        if not isinstance(answer, dict) or not isinstance(answer.get("scans"), dict):
            return "answered JSON of another shape"
        return answer


def start_scan(root: Path, *, limit_seconds: float = LIMIT_SECONDS) -> Scan:
    """Start Checkov for the repository at `root`; it waits for the plans."""
    return Scan(root, limit_seconds=limit_seconds)


def checkov_python(root: Path) -> Path:
    """The interpreter of Checkov's own environment."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else root / ".checkov" / "bin" / "python"
