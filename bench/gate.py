"""How long the whole gate takes, beside the plain Checkov command run once per environment on the same three plans.

`python -m bench.gate` prints seconds of one run on the machine at hand, and the ratio, which is what can be compared between machines.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mlctl.checks.terraform import terraform_plan
from mlctl.config import load_environments
from mlctl.plan.environment import Repository, plan_environments

TARGET_SECONDS, TARGET_RATIO = 10.0, 0.75


def main() -> int:
    """Print the figures."""
    repository = Repository.find(Path(__file__))
    _gate(repository)  # warms file caches and byte code, as any second run has them
    seconds, own = _gate(repository)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    checkov = _plain_checkov(repository)
    for name, value in own.items():
        if name != "total":
            print(f"  {name:<18} {value:7.2f} s")
    print(f"  {'start and report':<18} {seconds - own['total']:7.2f} s")
    memory = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, children)
    print(f"{'whole gate':<20} {seconds:7.2f} s   target {TARGET_SECONDS:.0f} s, largest process {memory:,.0f} MiB")
    print(f"{'three Checkov runs':<20} {checkov:7.2f} s   gate ÷ these = {seconds / checkov:.2f}, target {TARGET_RATIO}")
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
