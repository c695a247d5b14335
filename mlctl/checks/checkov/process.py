"""Starts Checkov early and collects its answer late, so that its start-up costs the gate nothing."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlctl.checks.checkov.answer import ScanResult, failed_scan, read_answer
from mlctl.checks.checkov.request import build_request, secret_files
from mlctl.checks.checkov.secrets_cache import SecretsCache
from mlctl.config import Environment
from mlctl.plan.model import Plan

VARIABLE = "MLCTL_CHECKOV"
"""Names another Python that has Checkov, instead of .checkov/bin/python."""

LIMIT_SECONDS = 180.0
_DRIVER = Path(__file__).with_name("driver.py")
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


class CheckovProcess:
    """One run over all environments and the repository. Use as a context manager: leaving it ends the process."""

    def __init__(
        self, plans: Sequence[Plan], environments: Sequence[Environment], *, root: Path, external_checks: Path | None = None
    ) -> None:
        self._environments = environments
        self._scratch = tempfile.TemporaryDirectory(prefix="mlctl-checkov-")
        python = checkov_python(root)
        files = secret_files(root)
        self._cache = SecretsCache(root / ".checkov" / "secrets.json", python)
        self._request = build_request(plans, root=root, scratch=Path(self._scratch.name), secrets=self._cache.unseen(files))
        self._root = root
        self._files = files
        self._process: subprocess.Popen[bytes] | None = None
        self._problem: str | None = None
        self._start(python, [str(external_checks)] if external_checks else [])

    def __enter__(self) -> CheckovProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._scratch.cleanup()

    def collect(self, limit_seconds: float = LIMIT_SECONDS) -> ScanResult:
        """Wait for the answer. Whatever goes wrong, the result says *not evaluated*, which blocks."""
        answer = self._answer(limit_seconds)
        if isinstance(answer, str):
            return failed_scan(answer, self._request, self._environments)
        secrets = answer["scans"].get("/secrets", {"records": []})
        secrets["records"] = self._cache.complete(self._files, secrets["records"])
        return read_answer(answer, self._request, self._environments, self._root)

    def _start(self, python: Path, external_checks: list[str]) -> None:
        question = Path(self._scratch.name) / "request.json"
        question.write_text(json.dumps({"external_checks": external_checks, "scans": self._request.scans}), encoding="utf-8")
        environment = {key: value for key, value in os.environ.items() if key in _PASSED_ON}
        try:
            with question.open("rb") as source:
                self._process = subprocess.Popen(
                    [str(python), str(_DRIVER)], stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
                )
        except OSError as error:
            self._problem = f"{python} cannot be started ({error.strerror}); run `make setup`"

    def _answer(self, limit_seconds: float) -> dict[str, Any] | str:
        """The driver's answer, or why there is none."""
        if self._process is None:
            return self._problem or "was not started"
        try:
            out, err = self._process.communicate(timeout=limit_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return f"did not finish within {limit_seconds:g} seconds"
        if self._process.returncode != 0:
            last = err.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
            return f"ended with status {self._process.returncode}: {last[0]}"
        try:
            answer = json.loads(out)
        except ValueError:
            return "answered something that is not JSON"
        if not isinstance(answer, dict) or not isinstance(answer.get("scans"), dict):
            return "answered JSON of another shape"
        return answer


def checkov_python(root: Path) -> Path:
    """The interpreter of Checkov's own environment."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else root / ".checkov" / "bin" / "python"
