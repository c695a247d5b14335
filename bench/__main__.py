"""`make bench`: every benchmark in turn, each in a process of its own. Figures are of this machine and this run; compare the ratios."""

from __future__ import annotations

import subprocess
import sys
import time

BENCHMARKS = ("gate", "scale", "policies", "cost", "finops", "workflow", "serving", "drift")
"""Modules of this folder; `python -m bench gate scale` runs only those. The mutants have a target of their own."""


def main() -> int:
    """Exit status 1 where a benchmark failed to run. No figure fails anything."""
    wanted = sys.argv[1:] or BENCHMARKS
    failed = []
    for name in wanted:
        print(f"\n== {name}", flush=True)
        started = time.perf_counter()
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode not in (0, 1):
            failed.append(name)
        print(f"   ({time.perf_counter() - started:.0f} s)", flush=True)
    if failed:
        print(f"did not run: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
