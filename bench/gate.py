"""How long the whole gate takes, beside the plain Checkov command run once per environment on the same three plans.

`python -m bench.gate` prints seconds of one run on the machine at hand, and ratios, which are what can be compared between machines.
The gate remembers what Checkov said of the same content, so it is measured three times: in a fresh clone, where every plan must be scanned
and every file searched for secrets; where every plan must be scanned; and where nothing changed, as most stacks of most pull requests.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mlctl.checks.checkov.process import CACHE
from mlctl.checks.terraform import terraform_plan
from mlctl.config import load_environments
from mlctl.plan.environment import Repository, plan_environments

TARGET_SECONDS, TARGET_RATIO = 10.0, 0.75


def main() -> int:
    """Print the figures."""
    repository = Repository.find(Path(__file__))
    cache = repository.root / CACHE
    _gate(repository)  # warms the file cache and byte code, as any second run has them
    shutil.rmtree(cache, ignore_errors=True)
    first, _ = _gate(repository)
    shutil.rmtree(cache / "scans", ignore_errors=True)
    changed, _ = _gate(repository)
    same, parts = _gate(repository)
    memory = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    checkov = _plain_checkov(repository)
    for name, value in parts.items():
        if name != "total":
            print(f"  {name:<28} {value:7.2f} s")
    print(f"  {'start and report':<28} {same - parts['total']:7.2f} s")
    print(f"{'three Checkov runs':<30} {checkov:7.2f} s")
    for title, seconds in (
        ("gate, nothing changed", same),
        ("gate, every plan changed", changed),
        ("gate, first run in a clone", first),
    ):
        print(f"{title:<30} {seconds:7.2f} s   ÷ three Checkov runs = {seconds / checkov:.2f}")
    print(f"target: {TARGET_SECONDS:.0f} s and {TARGET_RATIO}; largest process {memory:,.0f} MiB")
    return 0


def _gate(repository: Repository) -> tuple[float, dict[str, float]]:
    """The command as people run it, and its own account of where the time went."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        command = [str(Path(sys.executable).parent / "mlctl"), "check", "--out", folder]
        subprocess.run(command, cwd=repository.root, check=False, capture_output=True)
        seconds = time.perf_counter() - started
        return seconds, json.loads((Path(folder) / "report.json").read_text())["seconds"]


def _plain_checkov(repository: Repository) -> float:
    environments = load_environments(repository.environments)
    plans = plan_environments(repository, environments)
    checkov = repository.root / ".checkov" / "bin" / "checkov"
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for plan in plans:
            file = Path(folder) / f"{plan.environment}.json"
            file.write_text(json.dumps(terraform_plan(plan), indent=1))
            files.append(file)
        started = time.perf_counter()
        for file in files:
            command = [
                str(checkov),
                "--framework",
                "terraform_plan",
                "--file",
                str(file),
                "--skip-download",
                "--quiet",
                "--compact",
                "-o",
                "json",
            ]
            subprocess.run(command, check=False, capture_output=True, cwd=folder)
        return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
